import { type Socket, connect } from 'node:net';

/**
 * `many-connections.ts PORT IDLE SLOW`: opens connections on which one request was answered and that stay, and
 * others that send a byte of a request each second, for which a new one comes when it is cut off. Prints "OPEN"
 * when all are there. Until its stdin ends; then prints "RESULT idle slow cut": the idle ones and the slow ones
 * that are open, and how many slow ones were cut off.
 */
const [port = 0, idleOnes = 0, slowOnes = 0] = process.argv.slice(2).map(Number);

/** Connections that are being opened at once: fewer than wait in a listening socket's queue. */
const AT_ONCE = 100;
const REQUEST = 'GET /healthz HTTP/1.1\r\nHost: bench\r\n\r\n';
const ENDLESS = `GET /healthz HTTP/1.1\r\nHost: bench\r\nX-Slow: ${'a'.repeat(1000)}`;

const idle = new Set<Socket>();
const slow = new Map<Socket, number>();
let cut = 0;
let ending = false;

function openIdle(): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    socket.write(REQUEST);
    socket.once('data', () => {
      idle.add(socket);
      resolve();
    });
    socket.once('error', reject).once('close', () => {
      idle.delete(socket);
      reject(new Error('a connection was closed before its request was answered'));
    });
  });
}

function openSlow(): void {
  const socket = connect(port, '127.0.0.1');
  slow.set(socket, 0);
  socket.resume().on('error', () => undefined);
  socket.once('close', () => {
    slow.delete(socket);
    if (ending) return;
    cut++;
    openSlow();
  });
}

for (let opened = 0; opened < idleOnes; opened += AT_ONCE) {
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, idleOnes - opened) }, openIdle));
}
for (let opened = 0; opened < slowOnes; opened++) openSlow();
const trickle = setInterval(() => {
  for (const [socket, sent] of slow) {
    socket.write(ENDLESS[sent] ?? 'a');
    slow.set(socket, sent + 1);
  }
}, 1000);
console.log('OPEN');
process.stdin.resume();
await new Promise((resolve) => process.stdin.once('end', resolve));
clearInterval(trickle);
ending = true;
console.log(`RESULT ${idle.size} ${slow.size} ${cut}`);
for (const socket of [...idle, ...slow.keys()]) socket.destroy();
