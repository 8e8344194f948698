/** The second file (later.ts), which the build keeps apart; asked for early, it is there when it is needed. */
export const importLater = () => import("./later.ts");
