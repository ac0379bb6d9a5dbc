import { closeSync, openSync, readSync } from 'node:fs';
import { type Cost, costOf } from './cost.ts';

/** What whoever reads these RPMs has to spend at least. */

const LEAD = 96;
const INTRO = 16;

/**
 * Reads lead, signature and header from a descriptor and leaves it where the payload begins: behind two header
 * structures, of which the first is padded to eight bytes. Returns their bytes.
 */
function readHead(fd: number): number {
  const start = Buffer.alloc(LEAD + INTRO);
  readSync(fd, start);
  const signature = sizeAfterIntro(start.subarray(LEAD));
  const middle = Buffer.alloc(Math.ceil(signature / 8) * 8 + INTRO);
  readSync(fd, middle);
  const rest = Buffer.allocUnsafe(sizeAfterIntro(middle.subarray(-INTRO)));
  readSync(fd, rest);
  return start.length + middle.length + rest.length;
}

/** An index of 16 bytes an entry, and the data. */
function sizeAfterIntro(intro: Buffer): number {
  return intro.readUInt32BE(8) * 16 + intro.readUInt32BE(12);
}

/** Reads the headers of these RPMs and does nothing with them. */
export function readHeaders(rpms: readonly string[]): Cost & { bytes: number } {
  const began = performance.now();
  const before = process.cpuUsage();
  let bytes = 0;
  for (const rpm of rpms) {
    const fd = openSync(rpm, 'r');
    bytes += readHead(fd);
    closeSync(fd);
  }
  const { user, system } = process.cpuUsage(before);
  return { wall: (performance.now() - began) / 1000, cpu: (user + system) / 1e6, bytes };
}

const TOOLS: readonly (readonly [magic: string, ...command: string[]])[] = [
  ['28b52ffd', 'zstd', '-dcq'],
  ['fd377a58', 'xz', '-dcq', '-T1'],
  ['425a68', 'bzip2', '-dcq'],
  ['1f8b', 'gzip', '-dcq'],
  ['5d0000', 'xz', '-dcq', '-T1', '--format=lzma'],
  ['303730', 'cat'],
];

/** Unpacks every payload with the system's own tool, and throws away what comes out. */
export function unpackPayloads(rpms: readonly string[]): Cost {
  const sum = { wall: 0, cpu: 0 };
  const nowhere = openSync('/dev/null', 'w');
  for (const rpm of rpms) {
    const fd = openSync(rpm, 'r');
    const magic = Buffer.alloc(6);
    const payload = readHead(fd);
    readSync(fd, magic, 0, magic.length, payload);
    const tool = TOOLS.find(([start]) => magic.toString('hex').startsWith(start));
    if (tool === undefined) throw new Error(`${rpm}: no known payload`);
    const [, command = '', ...args] = tool;
    // Reading at a place of its own has not moved the descriptor, which the tool goes on from.
    const { wall, cpu } = costOf(command, args, [fd, nowhere, 'pipe']);
    closeSync(fd);
    sum.wall += wall;
    sum.cpu += cpu;
  }
  closeSync(nowhere);
  return sum;
}
