import { randomBytes } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { expect, test } from '@jest/globals';
import { compressedSeparator } from '../../../daemon/indexer/separators.ts';

test.each(['gzip', 'xz', 'zstd'] as const)(
  '%s takes our little files, alone and among others',
  (compression) => {
    for (const bytes of [1, 2, 3, 4, 31, 32, 33, 127, 128, 255]) {
      const content = randomBytes(bytes);
      const separator = compressedSeparator(compression, content);
      const other = execFileSync(compression, ['-c'], { input: 'between' });
      const output = execFileSync(compression, ['-dc'], {
        input: Buffer.concat([separator, other, separator]),
      });
      expect(output).toEqual(Buffer.concat([content, Buffer.from('between'), content]));
    }
  },
);
