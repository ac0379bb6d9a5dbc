import type { Socket } from 'node:net';
import type { ErrorAnswer } from '../../shared/api.ts';
import { MAX_HEADER_BYTES } from './limits.ts';

/** What Node's HTTP parser refuses; there is no request yet, and the answer is written by hand. */
const ANSWERS: Readonly<Record<string, { line: string; code: string; message: string }>> = {
  HPE_HEADER_OVERFLOW: {
    line: '431 Request Header Fields Too Large',
    code: 'too_large',
    message: `URL and header lines are larger than ${MAX_HEADER_BYTES} bytes; POST /api/v1/buildids takes more ids`,
  },
  ERR_HTTP_REQUEST_TIMEOUT: {
    line: '408 Request Timeout',
    code: 'bad_input',
    message: 'the request did not arrive in time',
  },
};

const MALFORMED = {
  line: '400 Bad Request',
  code: 'bad_input',
  message: 'this is not a well-formed HTTP request',
};

/** Answers a request that never became one, and closes its connection: what follows cannot be trusted. */
export function answerClientError(error: NodeJS.ErrnoException, socket: Socket): void {
  // Bytes after a last request (Connection: close, HTTP/1.0). They are nobody's; its answer is still to come.
  if (error.code === 'HPE_CLOSED_CONNECTION') return;
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const { line, code, message } = ANSWERS[error.code ?? ''] ?? MALFORMED;
  const body = JSON.stringify({ error: { code, message } } satisfies ErrorAnswer);
  // Destroyed once it is written, not merely ended: the other side may never end its own half.
  socket.end(
    `HTTP/1.1 ${line}\r\nContent-Type: application/json; charset=utf-8\r\nX-Content-Type-Options: nosniff\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
    () => socket.destroy(),
  );
}
