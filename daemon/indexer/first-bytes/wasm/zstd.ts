import { literalsLeft, openLiterals, takeLiterals } from './literals';
import { input, INPUT_BYTES_MAX, output, OUTPUT_BYTES_MAX } from './memory';
import {
  hasMoreSequences,
  nextSequence,
  openSequences,
  sequenceLiterals,
  sequenceMatch,
  sequenceOffset,
} from './sequences';

/**
 * Decodes up to `wanted` bytes of a frame's first block, which is compressed (RFC 8878, section 3.1.1.3) and lies in
 * the input with `size` bytes. Returns how many bytes there are; -1 for bad data.
 */
export function decodeZstdBlock(size: i32, wanted: i32): i32 {
  if (size > INPUT_BYTES_MAX || wanted > OUTPUT_BYTES_MAX) return -1;
  const end = input + size;
  const literalsEnd = openLiterals(input, end);
  if (literalsEnd == 0 || !openSequences(literalsEnd, end)) return -1;
  let filled = 0;
  while (hasMoreSequences()) {
    if (!nextSequence() || sequenceLiterals() > literalsLeft()) return -1;
    const fromLiterals = min(sequenceLiterals(), wanted - filled);
    if (!takeLiterals(output + filled, fromLiterals)) return -1;
    filled += fromLiterals;
    const matchEnd = min(filled + sequenceMatch(), wanted);
    const offset = sequenceOffset();
    if (filled < matchEnd && offset > filled) return -1;
    for (; filled < matchEnd; filled++) store<u8>(output + filled, load<u8>(output + filled - offset));
    if (filled == wanted) return filled;
  }
  const rest = min(literalsLeft(), wanted - filled);
  return takeLiterals(output + filled, rest) ? filled + rest : -1;
}
