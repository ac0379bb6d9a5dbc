import { get } from 'node:http';

/** Milliseconds that the answer may take. */
const PATIENCE = 10_000;

/** Whether the server at this address answers a request of its own machine: GET /healthz. */
export function answersItself(url: string, patience = PATIENCE): Promise<boolean> {
  return new Promise((resolve) => {
    const request = get(`${url}/healthz`, { agent: false, timeout: patience }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    request.on('timeout', () => request.destroy());
    request.on('close', () => {
      resolve(false);
    });
    // "close" follows.
    request.on('error', () => undefined);
  });
}
