/** A WebSocket that is open. @throws {Error} where the server does not let it in. */
export async function openSocket(url: string): Promise<WebSocket> {
  const socket = new WebSocket(url);
  await new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onerror = (event) => reject(new Error(`${url}: ${(event as ErrorEvent).message}`));
  });
  socket.onerror = null;
  return socket;
}
