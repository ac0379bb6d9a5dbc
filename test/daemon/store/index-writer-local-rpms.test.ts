import { describe, expect, test } from '@jest/globals';
import { storedFile } from '../../support/seed-store.ts';
import { sha1BuildId } from '../../support/sha1-build-id.ts';
import { openTestStore } from '../../support/test-store.ts';

const ONE = sha1BuildId('one');
const TWO = sha1BuildId('two');

describe('a local RPM', () => {
  const facts = {
    name: 'l',
    epoch: null,
    version: '1',
    release: '1',
    arch: 'i686',
    size: 9,
    payloadHash: 'aa',
    buildTime: null,
    contentSize: null,
  };

  test('is found without a build, and replaced where it lies', async () => {
    const { index } = openTestStore();
    await index.replaceLocalRpms([
      { path: '/srv/l.rpm', facts, files: [storedFile('/a', ONE)] },
      { path: '/srv/copy.rpm', facts, files: [storedFile('/a', ONE)] },
    ]);
    await index.replaceLocalRpms([
      { path: '/srv/l.rpm', facts: { ...facts, size: 10 }, files: [storedFile('/b', TWO)] },
    ]);
    const found = await index.findByBuildIds([ONE, TWO]);
    expect(found.get(ONE)).toMatchObject([
      { rpm: { localPath: '/srv/copy.rpm', kojiRpmId: null, build: null } },
    ]);
    expect(found.get(TWO)).toMatchObject([{ rpm: { localPath: '/srv/l.rpm', size: 10 } }]);
    expect(await index.counts()).toMatchObject({ builds: 0, rpms: 2, files: 2, buildIds: 2 });
  });

  test('named twice at once is what it was named last', async () => {
    const { index } = openTestStore();
    await index.replaceLocalRpms([
      { path: '/srv/l.rpm', facts, files: [storedFile('/a', ONE), storedFile('/c', ONE)] },
      { path: '/srv/l.rpm', facts, files: [storedFile('/b', TWO)] },
    ]);
    expect([...(await index.findByBuildIds([ONE, TWO])).keys()]).toEqual([TWO]);
    expect(await index.counts()).toMatchObject({ rpms: 1, files: 1, buildIds: 1 });
  });

  test('is known by path, with hash and size', async () => {
    const { index } = openTestStore();
    await index.replaceLocalRpms([
      { path: '/srv/l.rpm', facts, files: [] },
      { path: '/srv/six.rpm', facts: { ...facts, payloadHash: null }, files: [] },
    ]);
    expect(await index.knownLocalRpm('/srv/l.rpm')).toEqual({ payloadHash: 'aa', size: 9 });
    expect(await index.knownLocalRpm('/srv/six.rpm')).toEqual({ payloadHash: null, size: 9 });
    expect(await index.knownLocalRpm('/srv/other.rpm')).toBeNull();
    expect(await index.knownLocalRpm('/other/l.rpm')).toBeNull();
  });

  test('beyond the bounds is refused, and nothing else', async () => {
    const { index } = openTestStore();
    const errors = await index.replaceLocalRpms([
      { path: '/srv/l.rpm', facts, files: [storedFile('x'.repeat(5000), ONE)] },
      { path: '/srv/m.rpm', facts, files: [storedFile('/m', TWO)] },
    ]);
    expect([...errors]).toEqual([
      [
        '/srv/l.rpm',
        expect.objectContaining({ code: 'limit', message: expect.stringContaining('/srv/l.rpm: ') }),
      ],
    ]);
    expect(await index.counts()).toMatchObject({ rpms: 1, files: 1 });
  });
});
