import { expect, test } from '@jest/globals';
import { compareFiles } from '../../../daemon/cli/verify-compare.ts';
import type { ScannedFile } from '../../../daemon/indexer/types.ts';
import type { StoredFile } from '../../../daemon/store/types.ts';
import { SEEDED, storedFile } from '../../support/seed-store.ts';

const { bin, library } = SEEDED;

const row = (path: string, buildId = bin, kind: StoredFile['kind'] = 'executable'): StoredFile => ({
  ...storedFile(path, buildId, kind),
  evidence: 'file-class',
});

const file = (path: string, buildId = bin, kind: ScannedFile['kind'] = 'executable'): ScannedFile =>
  storedFile(path, buildId, kind);

test('what agrees is no disagreement, whatever had proved it and in whatever order', () => {
  expect(compareFiles([row('/a'), row('/b', library)], [file('/b', library), file('/a')])).toEqual([]);
  expect(compareFiles([], [])).toEqual([]);
});

test('each kind of disagreement comes with both sides', () => {
  const index = [row('/id'), row('/kind'), row('/nothing')];
  const payload = [file('/id', library), file('/kind', bin, 'debuginfo'), file('/missing')];
  expect(compareFiles(index, payload)).toEqual([
    { problem: 'wrong_build_id', path: '/id', index: index[0], payload: payload[0] },
    { problem: 'wrong_kind', path: '/kind', index: index[1], payload: payload[1] },
    { problem: 'not_in_payload', path: '/nothing', index: index[2], payload: null },
    { problem: 'missing', path: '/missing', index: null, payload: payload[2] },
  ]);
});

test('a path that is listed twice is compared file by file', () => {
  expect(compareFiles([row('/a'), row('/a', library)], [file('/a', library), file('/a')])).toEqual([]);
  expect(compareFiles([row('/a'), row('/a')], [file('/a')])).toEqual([
    expect.objectContaining({ problem: 'not_in_payload' }),
  ]);
  expect(compareFiles([row('/a')], [file('/a', library), file('/a')])).toEqual([
    expect.objectContaining({ problem: 'missing', payload: file('/a', library) }),
  ]);
});
