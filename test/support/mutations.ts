import fc from 'fast-check';

/** One change: bytes overwritten, cut out, put in, or the rest cut off. */
type Change =
  | { readonly kind: 'overwrite' | 'insert'; readonly at: number; readonly bytes: Uint8Array }
  | { readonly kind: 'remove'; readonly at: number; readonly length: number }
  | { readonly kind: 'truncate'; readonly at: number };

/** Numbers that parsers go wrong over: edges of 8, 16, 32 and 64 bits, in both byte orders. */
const EDGES = [
  '00',
  'ff',
  '7f',
  '80',
  '0000',
  'ffff',
  '00000000',
  'ffffffff',
  '7fffffff',
  'ffffff7f',
  '80000000',
]
  .concat(['00000080', '0fffffff', 'ffffffffffffffff', '00000000ffffffff', '0000000000000080', '30303030'])
  .map((hex) => Buffer.from(hex, 'hex'));

function change(length: number): fc.Arbitrary<Change> {
  const at = fc.nat({ max: Math.max(0, length - 1) });
  const bytes = fc.oneof(fc.constantFrom(...EDGES), fc.uint8Array({ minLength: 1, maxLength: 12 }));
  return fc.oneof(
    { weight: 10, arbitrary: fc.record({ kind: fc.constant('overwrite' as const), at, bytes }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('insert' as const), at, bytes }) },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant('remove' as const), at, length: fc.nat({ max: 64 }) }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('truncate' as const), at }) },
  );
}

function apply(bytes: Uint8Array, made: Change): Uint8Array {
  const before = bytes.subarray(0, made.at);
  if (made.kind === 'truncate') return before;
  if (made.kind === 'remove') return Buffer.concat([before, bytes.subarray(made.at + made.length)]);
  const after = bytes.subarray(made.kind === 'overwrite' ? made.at + made.bytes.length : made.at);
  return Buffer.concat([before, made.bytes, after]);
}

/** One of these files with a few changes, and the size of the pieces to read it in. */
export function mutated(
  files: readonly Uint8Array[],
): fc.Arbitrary<{ readonly bytes: Uint8Array; readonly pieceBytes: number }> {
  return fc
    .constantFrom(...files)
    .chain((file) =>
      fc
        .tuple(
          fc.array(change(file.length), { minLength: 1, maxLength: 6 }),
          fc.constantFrom(1, 7, 64, 1000, 100_000),
        )
        .map(([changes, pieceBytes]) => ({ bytes: changes.reduce(apply, file), pieceBytes })),
    );
}

/** Runs are the same every time: what is found here must be found by everybody. */
export const SEED = 20240229;
