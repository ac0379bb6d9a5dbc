/** Makes tar files, right and wrong ones, header by header. */

export interface TarParts {
  readonly name?: string;
  /** The type's character: "0" file, "1" hard link, "5" directory, "x" pax header, "L" GNU's long name, … */
  readonly type?: string;
  readonly data?: Uint8Array | string;
  readonly linkName?: string;
  /** What the size field says, whatever the data: a number, or the field's text or bytes. */
  readonly size?: number | string | Uint8Array;
  /** "gnu" for what only GNU tar writes; "v7" has no magic. */
  readonly magic?: 'ustar' | 'gnu' | 'v7';
  /** Byte 482 of GNU's sparse headers. */
  readonly isExtended?: boolean;
  readonly checksum?: string;
}

const MAGIC = { ustar: 'ustar\0' + '00', gnu: 'ustar  \0', v7: '' } as const;

/** One entry: its header, its data, and what fills the last block. */
export function tarEntry(parts: TarParts = {}): Buffer {
  const data = Buffer.from(parts.data ?? '');
  const header = Buffer.alloc(512);
  header.write(parts.name ?? 'file', 0, 100);
  header.write('0000644\0' + '0000000\0' + '0000000\0', 100, 'latin1');
  const { size = data.length } = parts;
  if (typeof size === 'number') header.write(`${size.toString(8).padStart(11, '0')}\0`, 124, 'latin1');
  else if (typeof size === 'string') header.write(size, 124, 12, 'latin1');
  else header.set(size.subarray(0, 12), 124);
  header.write('00000000000\0', 136, 'latin1');
  header.write(parts.type ?? '0', 156, 1, 'latin1');
  header.write(parts.linkName ?? '', 157, 100);
  header.write(MAGIC[parts.magic ?? 'ustar'], 257, 'latin1');
  if (parts.isExtended === true) header[482] = 1;
  header.write('        ', 148, 'latin1');
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(parts.checksum ?? `${sum.toString(8).padStart(6, '0')}\0 `, 148, 8, 'latin1');
  return Buffer.concat([header, data, Buffer.alloc((512 - (data.length % 512)) % 512)]);
}

/** A pax header for the next entry ("x") or all that follow ("g"). */
export function paxHeader(records: readonly (readonly [string, string])[], type: 'x' | 'g' = 'x'): Buffer {
  return tarEntry({ name: 'PaxHeaders/file', type, data: records.map(paxRecord).join('') });
}

/** "LENGTH KEYWORD=VALUE\n": the length counts its own digits. */
function paxRecord([keyword, value]: readonly [string, string]): string {
  const rest = Buffer.byteLength(` ${keyword}=${value}\n`);
  let length = rest + 1;
  while (String(length).length + rest !== length) length = String(length).length + rest;
  return `${length} ${keyword}=${value}\n`;
}

/** The whole file, with the two blocks of zeros that end it. */
export function tarFile(...entries: readonly (Uint8Array | TarParts)[]): Buffer {
  const bytes = entries.map((each) => (each instanceof Uint8Array ? each : tarEntry(each)));
  return Buffer.concat([...bytes, Buffer.alloc(1024)]);
}
