/** Foyer's servers on each of the stores that an operator may choose. */
import { makeId } from "../../../lib/protocol/ids.ts";
import { findDenokv, HOW_TO_GET_DENOKV } from "../../cluster/denokv.ts";
import type { Contender } from "./contender.ts";
import { createFoyer, startFoyerIsolates, startFoyerServer } from "./foyer.ts";
import { findPort, type Server, startServer } from "./processes.ts";

export async function startMemory(): Promise<Contender[]> {
  const servers = [await startFoyerServer({ DENO_KV_PATH: ":memory:" })];
  return createVisits("Foyer, in memory", servers);
}

/** `folder` takes the database, as in the other functions here. */
export async function startFile(folder: string): Promise<Contender[]> {
  const servers = [await startFoyerServer({ DENO_KV_PATH: `${folder}/file.sqlite` })];
  const isolates = [await startFoyerIsolates({ DENO_KV_PATH: `${folder}/shared.sqlite` }, 2)];
  return [
    ...createVisits("Foyer, on file", servers),
    createFoyer({ name: "Foyer, on file, 2 isolates", servers: isolates }),
  ];
}

/** The ways in which joiners come. */
function createVisits(name: string, servers: Server[]): Contender[] {
  return [
    createFoyer({ name, servers }),
    createFoyer({ name: `${name}, page`, servers, visit: "page" }),
    createFoyer({ name, servers, connections: "fresh" }),
    createFoyer({ name: `${name}, page`, servers, visit: "page", connections: "fresh" }),
  ];
}

/** None, with a word to the console, where `denokv` is not on this machine. */
export async function startOverDenokv(folder: string): Promise<Contender[]> {
  const program = await findDenokv();
  if (!program) {
    console.log(`Skipped: Foyer over denokv, which is not here; get it by: ${HOW_TO_GET_DENOKV}`);
    return [];
  }
  return [
    ...await startCluster(program, "Foyer, denokv", `${folder}/one.sqlite`, 1),
    ...await startCluster(program, "Foyer, denokv, 2 processes", `${folder}/two.sqlite`, 2),
  ];
}

async function startCluster(
  program: string,
  name: string,
  path: string,
  processes: number,
): Promise<Contender[]> {
  const token = makeId();
  const port = findPort();
  const address = `127.0.0.1:${port}`;
  const args = ["--sqlite-path", path, "serve", "--addr", address];
  const store = await startServer(port, program, args, { DENO_KV_ACCESS_TOKEN: token });
  const env = { DENO_KV_PATH: `http://${address}`, DENO_KV_ACCESS_TOKEN: token };
  const servers: Server[] = [];
  for (let i = 0; i < processes; i++) servers.push(await startFoyerServer(env));
  return [
    createFoyer({ name, servers, store }),
    createFoyer({ name, servers, store, connections: "fresh" }),
  ];
}
