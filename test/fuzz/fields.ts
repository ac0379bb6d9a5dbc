import type { Field, Sample } from './mutations.ts';

/** Where the numbers lie in files of our own making, which are whole. */

function moved(fields: readonly Field[], by: number): Field[] {
  return fields.map((field) => ({ ...field, at: field.at + by }));
}

/** ELF header, program headers, section headers, and the first three numbers of every section's content. */
export function elfFields(file: Uint8Array): Field[] {
  const is64 = file[4] === 2;
  const littleEndian = file[5] === 1;
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  const word = is64 ? 8 : 4;
  const wordAt = (at: number): number =>
    is64 ? Number(view.getBigUint64(at, littleEndian)) : view.getUint32(at, littleEndian);
  const fields: Field[] = [];
  const add = (width: 1 | 2 | 4 | 8, ...places: number[]): void => {
    for (const at of places) fields.push({ at, width, littleEndian });
  };
  const half = is64 ? 54 : 42;
  add(1, 4, 5);
  add(word, is64 ? 32 : 28, is64 ? 40 : 32);
  add(2, half, half + 2, half + 4, half + 6);
  const table = (at: number, size: number): { start: number; bytes: number; count: number } => ({
    start: wordAt(at),
    bytes: view.getUint16(size, littleEndian),
    count: Math.min(8, Math.max(1, view.getUint16(size + 2, littleEndian))),
  });
  const segments = table(is64 ? 32 : 28, half);
  for (let i = 0; segments.start > 0 && i < segments.count; i++) {
    const at = segments.start + i * segments.bytes;
    add(4, at);
    add(word, ...(is64 ? [8, 32, 48] : [4, 16, 28]).map((offset) => at + offset));
  }
  const sections = table(is64 ? 40 : 32, half + 4);
  for (let i = 0; sections.start > 0 && i < sections.count; i++) {
    const at = sections.start + i * sections.bytes;
    add(4, at + 4);
    add(word, ...(is64 ? [8, 24, 32, 48] : [8, 16, 20, 32]).map((offset) => at + offset));
    const content = wordAt(at + (is64 ? 24 : 16));
    if (content > 0) add(4, content, content + 4, content + 8);
  }
  return fields.filter(({ at, width }) => at + (width as number) <= file.length);
}

/** Intro and index of a header structure that begins at `start`. */
export function rpmHeaderFields(file: Buffer, start: number): Field[] {
  const tags = file.readUInt32BE(start + 8);
  const index = Array.from({ length: tags * 4 }, (_, i): Field => ({ at: start + 16 + i * 4, width: 4 }));
  return [{ at: start, width: 4 }, { at: start + 8, width: 4 }, { at: start + 12, width: 4 }, ...index];
}

/** The hex digits of all entries, and what `inside` finds in their data. */
export function cpioFields(payload: Uint8Array, inside: (data: Uint8Array) => Field[] = () => []): Field[] {
  const file = Buffer.from(payload);
  const fields: Field[] = [];
  for (let at = 0; at + 16 <= file.length;) {
    if (file.toString('latin1', at, at + 6) === '07070X') {
      fields.push({ at: at + 6, width: 'hex' });
      const next = file.indexOf('07070', at + 16, 'latin1');
      at = next < 0 ? file.length : next;
      continue;
    }
    for (let i = 0; i < 13; i++) fields.push({ at: at + 6 + i * 8, width: 'hex' });
    const hex = (field: number): number =>
      Number.parseInt(file.toString('latin1', at + 6 + field * 8, at + 14 + field * 8), 16);
    const data = at + Math.ceil((110 + hex(11)) / 4) * 4;
    const end = data + hex(6);
    if (end > data && file[data] === 0x7f) fields.push(...moved(inside(file.subarray(data, end)), data));
    at = Math.ceil(end / 4) * 4;
  }
  return fields;
}

/** Lead, both headers, and the payload where it is not compressed. */
export function rpmSample(rpm: Buffer): Sample {
  const signature = 96;
  const header = rpm.indexOf('8eade801', signature + 4, 'hex');
  const payload = header + 16 + rpm.readUInt32BE(header + 8) * 16 + rpm.readUInt32BE(header + 12);
  const fields: Field[] = [
    { at: 0, width: 4 },
    { at: 4, width: 1 },
    { at: 6, width: 2 },
    { at: 78, width: 2 },
    ...rpmHeaderFields(rpm, signature),
    ...rpmHeaderFields(rpm, header),
  ];
  const isPlain = rpm.toString('latin1', payload, payload + 5) === '07070';
  const inPayload = isPlain
    ? cpioFields(rpm.subarray(payload), elfFields)
    : frameFields(rpm.subarray(payload));
  return { bytes: rpm, fields: [...fields, ...moved(inPayload, payload)] };
}

/** Compressed data keep their numbers at both ends, in bytes and in words. */
export function frameFields(data: Uint8Array): Field[] {
  const ends = Array.from({ length: Math.min(32, data.length) }, (_, i) => [i, data.length - 1 - i]).flat();
  return ends.flatMap((at): Field[] => [
    { at, width: 1 },
    ...(at % 4 === 0 && at + 4 <= data.length ? [{ at, width: 4 as const, littleEndian: true }] : []),
  ]);
}
