import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { FileRpmSource } from '../../../daemon/indexer/rpm-source.ts';
import { scanRpm } from '../../../daemon/indexer/scan-rpm.ts';
import type { RpmScan, ScanMode } from '../../../daemon/indexer/types.ts';

/** The RPMs under test/fixtures, and what readelf and eu-unstrip see in them: no ../shared is needed. */
const FIXTURES = fileURLToPath(new URL('../../fixtures/rpms/', import.meta.url));

function rpmsIn(directory: string): string[] {
  return readdirSync(directory)
    .filter((name) => name.endsWith('.rpm'))
    .sort();
}

function scan(name: string, mode: ScanMode): Promise<RpmScan> {
  return scanRpm(new FileRpmSource(FIXTURES + name), { mode });
}

async function lines(name: string, mode: ScanMode): Promise<string[]> {
  const { files } = await scan(name, mode);
  return files
    .map(({ path, buildId, kind }) => [name, path, buildId, kind === 'debuginfo' ? 1 : 0].join('\t'))
    .sort();
}

const truth = readFileSync(`${FIXTURES}truth.tsv`, 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))
  .map((line) => line.split('\t').slice(0, 4).join('\t'));

const truthOf = (name: string): string[] => truth.filter((line) => line.startsWith(`${name}\t`)).sort();

/** Neither libmagic nor a link names build-ids of these lengths, which nobody gets who does not ask for them. */
const ODD_LENGTH = /\/id-hex[23]\t/;

describe('exactly what is in', () => {
  test.each(rpmsIn(FIXTURES))('%s', async (name) => {
    expect(await lines(name, 'payload')).toEqual(truthOf(name));
    expect(await lines(name, 'auto')).toEqual(truthOf(name).filter((line) => !ODD_LENGTH.test(line)));
  });
});

/** What only the payload shows. */
const NOT_IN_HEADERS = [ODD_LENGTH, /\.ko\.(?:xz|zst|gz)\t/];

test('header mode finds what headers hold, and nothing that is not there', async () => {
  const found = (await Promise.all(rpmsIn(FIXTURES).map((name) => lines(name, 'header')))).flat();
  expect(found.sort()).toEqual(
    truth.filter((line) => !NOT_IN_HEADERS.some((pattern) => pattern.test(line))).sort(),
  );
});

describe('a broken RPM is an error that names it', () => {
  const broken = rpmsIn(`${FIXTURES}broken`);

  test.each(broken.filter((name) => !name.startsWith('altered-')))('%s', async (name) => {
    const error: unknown = await scan(`broken/${name}`, 'payload').catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'format' });
    expect(String(error)).toMatch(new RegExp(`broken/${name}: .* at offset \\d+: `));
  });

  test.each(broken.filter((name) => name.startsWith('altered-')))(
    '%s, but damage that only digests show leaves the program findable',
    async (name) => {
      const program = `payload-${name.slice('altered-'.length, -'.rpm'.length)}`;
      const { files } = await scan(`broken/${name}`, 'payload');
      const found = files.map(({ path, buildId }) => `${path}\t${buildId}`);
      expect(found).toEqual(
        truthOf(`${program}-1.0-1.fc40.x86_64.rpm`).map((line) => line.split('\t').slice(1, 3).join('\t')),
      );
    },
  );
});
