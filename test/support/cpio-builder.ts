import { padTo } from './elf-builder.ts';

/** Makes cpio payloads in the forms that RPMs have. */

export interface NewcEntry {
  readonly name: string | Uint8Array;
  readonly data?: Uint8Array;
  readonly mode?: number;
  readonly inode?: number;
  readonly linkCount?: number;
  readonly device?: number;
  /** States another size than the data has. */
  readonly size?: number;
  /** "070702" for the form with a sum. */
  readonly magic?: string;
}

const hex8 = (value: number): string => value.toString(16).padStart(8, '0');

export function newcEntry(entry: NewcEntry): Uint8Array {
  const { data = Buffer.alloc(0), mode = 0o100755, inode = 1, linkCount = 1, device = 1 } = entry;
  const name = Buffer.concat([Buffer.from(entry.name as string), Buffer.alloc(1)]);
  const size = entry.size ?? data.length;
  const fields = [inode, mode, 0, 0, linkCount, 0, size, 8, device, 0, 0, name.length, 0];
  const header = Buffer.from((entry.magic ?? '070701') + fields.map(hex8).join(''), 'latin1');
  return Buffer.concat([padTo(Buffer.concat([header, name]), 4), padTo(data, 4)]);
}

export function cpioTrailer(): Uint8Array {
  return newcEntry({ name: 'TRAILER!!!', mode: 0, inode: 0 });
}

export function newcPayload(entries: readonly NewcEntry[]): Uint8Array {
  return Buffer.concat([...entries.map(newcEntry), cpioTrailer()]);
}

/** An entry of rpm's own form, which names a file by its index. */
export function strippedEntry(fileIndex: number, data: Uint8Array): Uint8Array {
  return Buffer.concat([padTo(Buffer.from(`07070X${hex8(fileIndex)}`, 'latin1'), 4), padTo(data, 4)]);
}
