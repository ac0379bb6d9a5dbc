import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { FileRpmSource } from '../../../daemon/indexer/rpm-source.ts';
import { scanRpm } from '../../../daemon/indexer/scan-rpm.ts';
import type { ScanMode } from '../../../daemon/indexer/types.ts';
import { describeWithSharedData, SHARED_DATA } from '../../support/shared-data.ts';

/** Real RPMs, and what other programs found in them. */
const CORPUS = join(SHARED_DATA, 'corpus');
const LAB = join(SHARED_DATA, 'koji-lab');

/** A line for each file: RPM, path, build-id, debuginfo (1) or executable (0). */
const truthOf = (directory: string): string[] =>
  readFileSync(join(directory, 'truth.tsv'), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split('\t').slice(0, 4).join('\t'))
    .sort();

const rpmsBelow = (directory: string): string[] =>
  readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.rpm'))
    .sort();

async function scanAll(
  directory: string,
  mode: ScanMode,
): Promise<{ lines: string[]; bytesRead: number; size: number }> {
  const lines: string[] = [];
  let bytesRead = 0;
  let size = 0;
  for (const name of rpmsBelow(directory)) {
    const scan = await scanRpm(new FileRpmSource(join(directory, name)), { mode });
    expect(scan.warnings).toEqual([]);
    for (const { path, buildId, kind } of scan.files) {
      lines.push([name, path, buildId, kind === 'debuginfo' ? 1 : 0].join('\t'));
    }
    bytesRead += scan.bytesRead;
    size += scan.size;
  }
  return { lines: lines.sort(), bytesRead, size };
}

describeWithSharedData('the corpus of made RPMs', () => {
  test('payload mode finds exactly what is there, and reads all of it', async () => {
    const { lines, bytesRead, size } = await scanAll(join(CORPUS, 'made'), 'payload');
    expect(lines).toEqual(truthOf(CORPUS));
    expect(bytesRead).toBe(size);
  });

  test('auto mode finds the same, and reads less than half', async () => {
    const { lines, bytesRead, size } = await scanAll(join(CORPUS, 'made'), 'auto');
    expect(lines).toEqual(truthOf(CORPUS));
    expect(bytesRead).toBeLessThan(size / 2);
  });

  test('header mode finds all but compressed kernel modules', async () => {
    const { lines } = await scanAll(join(CORPUS, 'made'), 'header');
    expect(lines).toEqual(truthOf(CORPUS).filter((line) => !/\.ko\.(xz|zst|gz)\t/.test(line)));
  });
});

describeWithSharedData('the corpus of odd RPMs', () => {
  test.each(['header', 'auto', 'payload'] as const)(
    '%s mode finds nothing, and no reason to fail',
    async (mode) => {
      expect((await scanAll(join(CORPUS, 'odd'), mode)).lines).toEqual([]);
    },
  );

  test('source packages without a source are told apart', async () => {
    const arches = await Promise.all(
      ['test-nosrc-1-1.fc24.nosrc.rpm', 'test-nopatch-1-1.fc24.nosrc.rpm', 'test-src-1-1.fc24.src.rpm'].map(
        async (name) =>
          (await scanRpm(new FileRpmSource(join(CORPUS, 'odd/koji_lib', name)), { mode: 'header' })).arch,
      ),
    );
    expect(arches).toEqual(['nosrc', 'nosrc', 'src']);
  });
});

describeWithSharedData("the recorded hub's packages (Fedora 30 and 31, RHEL 6 and 7)", () => {
  test.each(['auto', 'payload'] as const)('%s mode finds exactly what is there', async (mode) => {
    expect((await scanAll(join(LAB, 'topdir'), mode)).lines).toEqual(truthOf(LAB));
  });

  test('header mode finds a part of it and nothing else', async () => {
    const truth = truthOf(LAB);
    const { lines } = await scanAll(join(LAB, 'topdir'), 'header');
    expect(lines.length).toBeGreaterThan(truth.length / 2);
    expect(truth).toEqual(expect.arrayContaining(lines));
  });
});
