import { readFileSync } from 'node:fs';
import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Log } from '../log.ts';
import { MAX_ARRIVING_BYTES, MAX_CONNECTIONS, MAX_WAITING_BYTES, RESERVED_FILES } from './limits.ts';

/** How often one message is said while its cause lasts. */
const SAY_AGAIN_AFTER = 60_000;

/** The part of the connections that may be open before idle ones are cut. */
const CROWDED = 0.9;

export interface ConnectionBounds {
  /** Null: MAX_CONNECTIONS, or fewer where the process may not open so many files. */
  readonly maxConnections: number | null;
  /** Milliseconds in which a client must take some of the answer that waits for it. */
  readonly answerTimeout: number;
  /** Milliseconds between two looks at all connections. */
  readonly checkInterval: number;
}

/** Bytes of a request or an answer that are in memory. */
interface Holding {
  readonly socket: Socket;
  readonly bytes: number;
}

/** How long a socket has held up the same bytes. */
interface Standstill {
  /** Bytes that had left when this was looked at first. */
  readonly left: number;
  readonly since: number;
}

/**
 * What Node does not bound by itself: how many connections are open, how long an answer waits for a client that
 * does not take it, and what requests and answers on their way take of memory. Node sees to slow requests
 * (headersTimeout, requestTimeout) and idle connections.
 */
export function boundConnections(server: Server, bounds: ConnectionBounds, log: Log): void {
  const max = bounds.maxConnections ?? affordableConnections(log);
  const sockets = new Set<Socket>();
  const standstills = new WeakMap<Socket, Standstill>();
  /** Requests whose bodies are arriving, and what their connections had brought before. */
  const bodies = new Map<IncomingMessage, number>();
  const sayCrowded = seldom(log);
  const sayDropped = seldom(log);

  server.maxConnections = max;
  server.on('drop', () => {
    sayDropped(`a connection was refused: ${max} are open, and all of them have something under way`);
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    if (sockets.size <= max * CROWDED) return;
    // Who has nothing under way can come again; who has must not wait for those who keep connections for later.
    sayCrowded(`${sockets.size} of ${max} connections are open; idle ones are cut`);
    server.closeIdleConnections();
  });

  server.on('request', (request) => {
    if (request.method !== 'POST') return;
    bodies.set(request, request.socket.bytesRead);
    request.once('close', () => bodies.delete(request));
  });

  const check = (): void => {
    const now = performance.now();
    const waiting: Holding[] = [];
    for (const socket of sockets) {
      if (socket.writableLength === 0) {
        standstills.delete(socket);
      } else if (standsStill(socket, standstills, now - bounds.answerTimeout)) {
        socket.destroy();
      } else {
        waiting.push({ socket, bytes: socket.writableLength });
      }
    }
    giveUpLargest(waiting, MAX_WAITING_BYTES);
    const arriving = [...bodies].map(([{ socket }, before]) => ({
      socket,
      bytes: socket.bytesRead - before,
    }));
    giveUpLargest(arriving, MAX_ARRIVING_BYTES);
  };
  const timer = setInterval(check, bounds.checkInterval).unref();
  server.once('close', () => {
    clearInterval(timer);
  });
}

function giveUpLargest(holding: Holding[], most: number): void {
  let sum = holding.reduce((total, { bytes }) => total + bytes, 0);
  if (sum <= most) return;
  for (const { socket, bytes } of holding.sort((a, b) => b.bytes - a.bytes)) {
    if (sum <= most) return;
    sum -= bytes;
    socket.destroy();
  }
}

/** Whether none of what waits for this socket has left it since then. A write counts when all of it has left. */
function standsStill(socket: Socket, standstills: WeakMap<Socket, Standstill>, then: number): boolean {
  const left = socket.bytesWritten - socket.writableLength;
  const standstill = standstills.get(socket);
  if (standstill?.left !== left) {
    standstills.set(socket, { left, since: performance.now() });
    return false;
  }
  return standstill.since <= then;
}

/** Each connection is an open file, and without free ones the index cannot be read. */
function affordableConnections(log: Log): number {
  const files = openFilesLimit();
  const affordable = Math.floor(files - Math.min(RESERVED_FILES, files / 2));
  if (affordable >= MAX_CONNECTIONS) return MAX_CONNECTIONS;
  log.warn(
    `at most ${affordable} connections are taken at once, as only ${files} files may be open: raise ulimit -n, or LimitNOFILE= of systemd`,
  );
  return affordable;
}

/** Node raises the soft limit to the hard one when it starts. */
function openFilesLimit(): number {
  try {
    const [, soft] = /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1')) ?? [];
    return soft === undefined ? Infinity : Number(soft);
  } catch {
    // No Linux; whatever holds here, Node survives being without a file.
    return Infinity;
  }
}

function seldom(log: Log): (message: string) => void {
  let last = -Infinity;
  return (message) => {
    const now = performance.now();
    if (now - last < SAY_AGAIN_AFTER) return;
    last = now;
    log.warn(message);
  };
}
