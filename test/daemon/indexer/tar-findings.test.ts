import { expect, test } from '@jest/globals';
import { TarFindings } from '../../../daemon/indexer/tar-findings.ts';
import type { BuildId } from '../../../shared/build-id.ts';
import { failing } from '../../support/koji-http.ts';

const GiB = 1024 ** 3;

function found(number: number) {
  const buildId = number.toString(16).padStart(40, '0') as BuildId;
  return { path: `/${number}`, buildId, kind: 'executable', evidence: 'payload' } as const;
}

test.each<[string, number, number, boolean]>([
  ['a small archive', 10_000, GiB, true],
  ['a small archive and more', 10_000, GiB + 2_000_001, false],
  ['an image of a disk', 100_000_000, 19 * GiB, true],
  ['an image of a disk that is nothing', 100_000_000, 21 * GiB, false],
])('what comes out is bounded by what goes in: %s', (_name, archiveBytes, output, isAllowed) => {
  const findings = new TarFindings(() => archiveBytes);
  const count = (): void => {
    findings.countOutput(output / 2);
    findings.countOutput(output / 2);
  };
  if (isAllowed) expect(count).not.toThrow();
  else expect(count).toThrow(/a bomb$/);
});

test('files are bounded', () => {
  const findings = new TarFindings(() => 1);
  for (let number = 0; number < 100_000; number++) findings.add(found(number));
  findings.add(found(5));
  expect(findings.files).toHaveLength(100_000);
  expect(() => {
    findings.add(found(100_000));
  }).toThrow(failing('limit', /more than 100000 files with a build-id/));
});

test('sentences are bounded', () => {
  const findings = new TarFindings(() => 1);
  for (let number = 0; number < 30; number++) findings.warn(`${number}`);
  expect(findings.warnings).toHaveLength(21);
  expect(findings.warnings.at(-1)).toBe('and 10 more of the kind');
});
