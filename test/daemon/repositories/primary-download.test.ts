import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { expect, test } from '@jest/globals';
import { readPrimary } from '../../../daemon/repositories/primary-download.ts';

const entry = (number: number, description: string) =>
  `<package type="rpm"><name>greet${number}</name><arch>x86_64</arch><version ver="1.0" rel="1"/><size package="9"/><location href="greet.rpm"/><description>${description}</description></package>`;

/** How many packages are handed over at once. */
async function batches(entries: readonly string[]): Promise<number[]> {
  const bytes = gzipSync(`<metadata>${entries.join('')}</metadata>`);
  const hex = createHash('sha256').update(bytes).digest('hex');
  const sizes: number[] = [];
  const location = 'repodata/primary.xml.gz';
  const { skipped } = await readPrimary({
    url: `http://x.example/${location}`,
    facts: { location, checksum: { type: 'sha256', hex }, openChecksum: null, size: null, openSize: null },
    // eslint-disable-next-line @typescript-eslint/require-await
    body: (async function* () {
      yield bytes;
    })(),
    onPackages: (some) => {
      sizes.push(some.length);
      return Promise.resolve();
    },
    signal: new AbortController().signal,
  });
  expect(skipped).toBe(0);
  return sizes;
}

test('packages are handed over by some thousands', async () => {
  const sizes = await batches(Array.from({ length: 5000 }, (_, number) => entry(number, 'Greets.')));
  expect(sizes.length).toBeLessThanOrEqual(3);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(5000);
});

test('where each has megabytes of XML it is a few: what they were cut from stays in memory with them', async () => {
  const long = 'Greets. '.repeat(100_000);
  const sizes = await batches(Array.from({ length: 60 }, (_, number) => entry(number, long)));
  expect(sizes.length).toBeGreaterThan(2);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(60);
});
