import type { Place } from './directories.ts';

/**
 * What a file's path is found by: a number of 32 bits with a sign. Of fifty million paths one in a hundred shares its
 * number by chance; 24 bits, a byte less in the row and in the index, had each look-up read three rows in vain. Rows
 * keep it, so that another mixture needs a migration (schema.sql).
 */
export function pathNumber({ directoryKey, name }: Place): number {
  let mixed = Math.imul(directoryKey, 0x9e3779b1);
  for (let at = 0; at < name.length; at++) mixed = Math.imul(mixed ^ name.charCodeAt(at), 0x01000193);
  // FNV leaves the last characters in the lower bits: these steps spread every bit over all.
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d);
  mixed = Math.imul(mixed ^ (mixed >>> 12), 0x297a2d39);
  return mixed ^ (mixed >>> 15);
}
