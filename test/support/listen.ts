import { createServer } from 'node:http';
import type { RequestListener, Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Listening {
  readonly url: string;
  readonly server: Server;
  /** Connections that were accepted so far, and those still open. */
  connections(): { accepted: number; open: number };
  close(): Promise<void>;
}

/** An HTTP server of a test's own on a free port, for answers that no well-behaved server gives. */
export async function listen(handler: RequestListener): Promise<Listening> {
  const server = createServer(handler);
  let accepted = 0;
  let open = 0;
  server.on('connection', (socket) => {
    accepted++;
    open++;
    socket.on('close', () => open--);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    server,
    connections: () => ({ accepted, open }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}
