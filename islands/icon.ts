/** The door as a tab's icon. The loading page goes without: drawn, it would hold up the handshake. */
export const ICON = "data:image/svg+xml," + encodeURIComponent(
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><path fill="#0b5c4b" d="M5 30V14a11 11 0 0 1 22 0v16z"/><path fill="#ffc857" d="M13 30V12l9 4v14z"/></svg>',
);
