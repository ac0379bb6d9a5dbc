import { connect } from 'node:net';

/**
 * Sends bytes as they are, for requests that no HTTP client would make, and returns all that comes back
 * until the server closes the connection (so say "Connection: close" in a request that is well-formed). With
 * `hangUp` it says that nothing more will be sent, so that the server need not wait for the rest of a fragment.
 */
export function rawExchange(
  port: number,
  request: string | Uint8Array,
  { hangUp = false }: { readonly hangUp?: boolean } = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const received: Buffer[] = [];
    const socket = connect(port, '127.0.0.1', () => {
      if (hangUp) socket.end(request);
      else socket.write(request);
    });
    socket.on('data', (chunk: Buffer) => received.push(chunk));
    socket.on('close', () => {
      resolve(Buffer.concat(received).toString('latin1'));
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      // A server that has refused a request may reset the rest of it.
      if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') reject(error);
    });
  });
}

/** The status of a raw response. */
export function rawStatus(response: string): number {
  return Number(/^HTTP\/1\.1 (\d{3}) /.exec(response)?.[1]);
}

/** The body of a raw response with a Content-Length, as JSON. */
export function rawJson(response: string): unknown {
  return JSON.parse(response.slice(response.indexOf('\r\n\r\n') + 4)) as unknown;
}
