import fc from 'fast-check';

/** A number in a file that a parser goes by. `hex` is cpio's form: eight ASCII digits. */
export interface Field {
  readonly at: number;
  readonly width: 1 | 2 | 4 | 8 | 'hex';
  readonly littleEndian?: boolean;
}

/** A file to be changed, and where its numbers lie. */
export interface Sample {
  readonly bytes: Uint8Array;
  readonly fields: readonly Field[];
}

/** What was made of a sample, and the size of the pieces to read it in. */
export interface Mutant {
  readonly bytes: Uint8Array;
  readonly pieceBytes: number;
}

/** One change. Places and fields are any whole numbers, taken modulo what the file has of them. */
type Change =
  | { readonly kind: 'overwrite' | 'insert'; readonly at: number; readonly bytes: Uint8Array }
  | { readonly kind: 'remove' | 'truncate'; readonly at: number; readonly length: number }
  | { readonly kind: 'copy'; readonly at: number; readonly from: number; readonly length: number }
  | { readonly kind: 'field'; readonly field: number; readonly value: FieldValue };

/** A field's new value: one of its own, or in relation to what is there. */
type FieldValue =
  | { readonly to: bigint }
  | { readonly by: bigint }
  | { readonly toThatOf: number }
  | { readonly toLengthPlus: bigint };

/** Numbers that parsers go wrong over: edges of 8, 16, 32, 53 and 64 bits. */
const EDGES = [7, 8, 15, 16, 31, 32, 53, 63, 64].flatMap((bits) => [
  2n ** BigInt(bits) - 1n,
  2n ** BigInt(bits),
]);

const place = fc.nat({ max: 2 ** 31 - 1 });
const near = fc.bigInt({ min: -9n, max: 9n });
const fieldValue: fc.Arbitrary<FieldValue> = fc.oneof(
  fc.record({ to: fc.constantFrom(0n, ...EDGES) }),
  fc.record({ to: fc.bigInt({ min: 0n, max: 300n }) }),
  fc.record({ by: near }),
  fc.record({ toThatOf: place }),
  fc.record({ toLengthPlus: near }),
);
const edgeBytes = fc.constantFrom(
  ...['00', 'ff', '7f', '80', '0000', 'ffff', '00000000', 'ffffffff', '7fffffff', 'ffffff7f', '30303030'].map(
    (hex) => Buffer.from(hex, 'hex'),
  ),
);
const someBytes = fc.oneof(edgeBytes, fc.uint8Array({ minLength: 1, maxLength: 12 }));
const overwrite = fc.record({ kind: fc.constant('overwrite' as const), at: place, bytes: someBytes });
const change: fc.Arbitrary<Change> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({ kind: fc.constant('field' as const), field: place, value: fieldValue }),
  },
  { weight: 6, arbitrary: overwrite },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('insert' as const), at: place, bytes: someBytes }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('remove' as const), at: place, length: fc.nat({ max: 64 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('truncate' as const), at: place, length: fc.constant(0) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('copy' as const),
      at: place,
      from: place,
      length: fc.nat({ max: 300 }),
    }),
  },
);

function readField(file: Buffer, { at, width, littleEndian = false }: Field): bigint {
  if (width === 'hex') return BigInt(Number.parseInt(file.toString('latin1', at, at + 8), 16) || 0);
  const bytes = Buffer.from(file.subarray(at, at + width));
  if (littleEndian) bytes.reverse();
  return BigInt(`0x${bytes.toString('hex').padStart(2, '0')}`);
}

function writeField(file: Buffer, { at, width, littleEndian = false }: Field, value: bigint): void {
  const digits = width === 'hex' ? 8 : width * 2;
  const hex = BigInt.asUintN(digits * 4, value)
    .toString(16)
    .padStart(digits, '0');
  const bytes = width === 'hex' ? Buffer.from(hex, 'latin1') : Buffer.from(hex, 'hex');
  if (littleEndian) bytes.reverse();
  file.set(bytes.subarray(0, Math.max(0, file.length - at)), at);
}

function changeField(file: Buffer, fields: readonly Field[], number: number, value: FieldValue): void {
  const field = fields[number % fields.length];
  if (field === undefined) return;
  if ('to' in value) writeField(file, field, value.to);
  else if ('by' in value) writeField(file, field, readField(file, field) + value.by);
  else if ('toLengthPlus' in value) writeField(file, field, BigInt(file.length) + value.toLengthPlus);
  else {
    const other = fields[value.toThatOf % fields.length];
    if (other !== undefined) writeField(file, field, readField(file, other));
  }
}

/** Fields first: their places are those of the file as it was. */
function apply({ bytes, fields }: Sample, changes: readonly Change[]): Uint8Array {
  let file = Buffer.from(bytes);
  for (const each of changes) {
    if (each.kind === 'field') changeField(file, fields, each.field, each.value);
  }
  for (const each of changes) {
    if (each.kind === 'field') continue;
    const at = each.at % (file.length + 1);
    if (each.kind === 'overwrite') file.set(each.bytes.subarray(0, file.length - at), at);
    else if (each.kind === 'truncate') file = file.subarray(0, at);
    else {
      const from = each.kind === 'copy' ? each.from % (file.length + 1) : 0;
      const inserted =
        each.kind === 'insert'
          ? each.bytes
          : each.kind === 'copy'
            ? file.subarray(from, from + each.length)
            : Buffer.alloc(0);
      const rest = file.subarray(each.kind === 'remove' ? at + each.length : at);
      file = Buffer.concat([file.subarray(0, at), inserted, rest]);
    }
  }
  return file;
}

/** One of these files with a few changes. */
export function mutated(samples: readonly Sample[]): fc.Arbitrary<Mutant> {
  return fc
    .tuple(
      fc.constantFrom(...samples),
      fc.array(change, { minLength: 1, maxLength: 6 }),
      fc.constantFrom(1, 7, 64, 1000, 100_000),
    )
    .map(([sample, changes, pieceBytes]) => ({
      bytes: apply(sample, changes),
      // A large file in single bytes costs time and tells nothing that a small one does not.
      pieceBytes: sample.bytes.length > 20_000 ? Math.max(pieceBytes, 1000) : pieceBytes,
    }));
}

/** Pushes a mutant in its pieces. */
export function pushMutant(target: { push(bytes: Uint8Array): void }, { bytes, pieceBytes }: Mutant): void {
  for (let at = 0; at < bytes.length; at += pieceBytes) target.push(bytes.subarray(at, at + pieceBytes));
}
