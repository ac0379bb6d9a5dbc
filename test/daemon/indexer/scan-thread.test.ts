import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { FileRpmSource } from '../../../daemon/indexer/rpm-source.ts';
import { scanRpm } from '../../../daemon/indexer/scan-rpm.ts';
import { ScanThread } from '../../../daemon/indexer/scan-thread.ts';
import { afterTest } from '../../support/after-test.ts';
import { BUILT_SCAN_THREAD, threadProgram } from '../../support/scan-thread.ts';
import { buildRpm } from '../../support/rpm-builder.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const FIXTURES = fileURLToPath(new URL('../../fixtures/rpms/', import.meta.url));

/** A thread, and why it ended. */
function startThread(program: URL) {
  const reasons: string[] = [];
  const thread = new ScanThread((reason) => reasons.push(reason), program);
  afterTest(() => thread.close());
  return { thread, reasons };
}

/** An RPM whose header names so many executables with build-ids. */
function rpmOf(count: number, extraTags: Parameters<typeof buildRpm>[0]['extraTags'] = []): Buffer {
  const files = Array.from({ length: count }, (_, i) => ({
    path: `/usr/bin/${i}`,
    size: 1000,
    fileClass: `ELF 64-bit LSB executable, x86-64, BuildID[sha1]=${i.toString(16).padStart(40, '0')}, stripped`,
  }));
  return buildRpm({ files, rawPayload: new Uint8Array(), extraTags });
}

function written(name: string, rpm: Uint8Array): string {
  const path = join(temporaryDirectory(), name);
  writeFileSync(path, rpm);
  return path;
}

test('it finds what a scan by header finds, in the order of the question', async () => {
  const { thread, reasons } = startThread(BUILT_SCAN_THREAD);
  const paths = ['greet-1.0-1.fc40.x86_64.rpm', 'greet-1.1-1.fc40.x86_64.rpm'].map((name) => FIXTURES + name);
  const scans = await Promise.all(paths.map((path) => scanRpm(new FileRpmSource(path), { mode: 'header' })));
  const answers = await Promise.all([thread.scan(paths), thread.scan([...paths].reverse())]);
  expect(answers).toEqual([scans, [...scans].reverse()]);
  expect(reasons).toEqual([]);
});

test('what cannot be read is left to whoever asked, and the others are answered', async () => {
  const { thread } = startThread(BUILT_SCAN_THREAD);
  const good = `${FIXTURES}greet-1.0-1.fc40.x86_64.rpm`;
  const answer = await thread.scan([`${FIXTURES}broken/cut-in-header.rpm`, '/no/such.rpm', FIXTURES, good]);
  expect(answer.map((scan) => scan?.name ?? null)).toEqual([null, null, null, 'greet']);
});

test('what would take much memory is left to whoever asked', async () => {
  const { thread } = startThread(BUILT_SCAN_THREAD);
  const paths = [
    written('few.rpm', rpmOf(500)),
    written('many.rpm', rpmOf(501)),
    written('long.rpm', rpmOf(1, [[1004, { string: ' '.repeat(5_000_000) }]])),
  ];
  const answer = await thread.scan(paths);
  expect(answer.map((scan) => scan?.files.length ?? null)).toEqual([500, null, null]);
});

test('a thread that ends says why once, and leaves what it was asked', async () => {
  const { thread, reasons } = startThread(
    threadProgram(`parentPort.once('message', () => process.exit(3));`),
  );
  expect(await Promise.all([thread.scan(['/a', '/b']), thread.scan(['/c'])])).toEqual([[null, null], [null]]);
  expect(reasons).toEqual(['exit code 3']);
  expect(await thread.scan(['/d'])).toEqual([null]);
});

test('a thread that fails says why', async () => {
  const { thread, reasons } = startThread(threadProgram(`throw new Error('out of luck');`));
  expect(await thread.scan(['/a'])).toEqual([null]);
  expect(reasons).toEqual(['out of luck']);
});

test('closing it is no end to speak of', async () => {
  const { thread, reasons } = startThread(BUILT_SCAN_THREAD);
  await thread.close();
  expect(reasons).toEqual([]);
});
