import type { IndexedArchive, IndexedRpm, Store, StoredFile } from '../../daemon/store/types.ts';
import type { BuildId } from '../../shared/build-id.ts';
import type { KojiArchiveId, KojiBuild, KojiBuildId, KojiRpmId } from '../../shared/koji.ts';

/** Build-ids of the seeded files: one each, and SHARED in two builds. */
export const SEEDED = {
  bin: 'aa11'.padEnd(40, '0') as BuildId,
  library: 'aa11'.padEnd(40, '1') as BuildId,
  debuginfo: 'bb22'.padEnd(40, '2') as BuildId,
  deleted: 'cc33'.padEnd(40, '3') as BuildId,
  volume: 'dd44'.padEnd(40, '4') as BuildId,
  draft: 'ee55'.padEnd(40, '5') as BuildId,
  superseded: 'ff66'.padEnd(40, '6') as BuildId,
  local: '1177'.padEnd(40, '7') as BuildId,
  foreign: '2288'.padEnd(40, '8') as BuildId,
  shared: '3399'.padEnd(40, '9') as BuildId,
  absent: '44aa'.padEnd(40, 'a') as BuildId,
};

export function kojiBuild(kojiBuildId: number, facts: Partial<Omit<KojiBuild, 'kojiBuildId'>>): KojiBuild {
  return {
    kojiBuildId: kojiBuildId as KojiBuildId,
    name: 'hello',
    epoch: null,
    version: '1.0',
    release: '2.fc40',
    state: 'complete',
    draft: false,
    volume: 'DEFAULT',
    completedAt: 1_700_000_000.5,
    ...facts,
  };
}

export function indexedRpm(
  kojiRpmId: number,
  facts: Partial<Omit<IndexedRpm, 'kojiRpmId'>> & { files: IndexedRpm['files'] },
): IndexedRpm {
  return {
    kojiRpmId: kojiRpmId as KojiRpmId,
    name: 'hello',
    epoch: null,
    version: '1.0',
    release: '2.fc40',
    arch: 'x86_64',
    size: 12_345,
    payloadHash: '0123456789abcdef0123456789abcdef',
    buildTime: 1_699_999_000,
    contentSize: 12_000,
    signatures: [],
    ...facts,
  };
}

export function indexedArchive(
  kojiArchiveId: number,
  facts: Partial<Omit<IndexedArchive, 'kojiArchiveId'>> & { files: IndexedArchive['files'] },
): IndexedArchive {
  return {
    kojiArchiveId: kojiArchiveId as KojiArchiveId,
    filename: 'hello.x86_64.tar.gz',
    directory: 'images',
    type: 'tar',
    btype: 'image',
    arch: 'x86_64',
    size: 54_321,
    checksum: '1874999ff3d64b1ea7ad5f429d4dfa35',
    checksumType: 'md5',
    ...facts,
  };
}

export function storedFile(
  path: string,
  buildId: BuildId,
  kind: StoredFile['kind'] = 'executable',
): StoredFile {
  return { path, buildId, kind, evidence: 'payload' };
}

/** A store as a small Koji would fill it: deletions, drafts, volumes, replaced RPMs, a Koji since forgotten. */
export async function seedStore({ index }: Store): Promise<void> {
  await index.replaceBuild('fedora', kojiBuild(1, { epoch: 2 }), [
    indexedRpm(101, {
      epoch: 2,
      files: [
        storedFile('/usr/bin/hello', SEEDED.bin),
        storedFile('/usr/lib64/libhello.so.1', SEEDED.library),
      ],
    }),
    indexedRpm(102, {
      name: 'hello-debuginfo',
      epoch: 2,
      files: [storedFile('/usr/lib/debug/usr/bin/hello.debug', SEEDED.debuginfo, 'debuginfo')],
    }),
    indexedRpm(103, {
      name: 'hello-common',
      arch: 'noarch',
      files: [storedFile('/usr/lib/h', SEEDED.shared)],
    }),
  ]);

  const deleted = kojiBuild(2, { release: '3.fc40' });
  await index.replaceBuild('fedora', deleted, [
    indexedRpm(201, { release: '3.fc40', files: [storedFile('/usr/bin/hello', SEEDED.deleted)] }),
  ]);
  await index.replaceBuild('fedora', { ...deleted, state: 'deleted' }, null);

  await index.replaceBuild('plain', kojiBuild(3, { name: 'c++lib', volume: 'vol2', completedAt: null }), [
    indexedRpm(301, {
      name: 'c++lib-devel',
      payloadHash: null,
      files: [storedFile('/usr/lib64/libc++lib.so', SEEDED.volume), storedFile('/usr/lib/h', SEEDED.shared)],
    }),
  ]);

  await index.replaceBuild('fedora', kojiBuild(4, { version: '2', release: '1,draft_4', draft: true }), [
    indexedRpm(401, { version: '2', release: '1', files: [storedFile('/usr/bin/hello', SEEDED.draft)] }),
  ]);

  await index.replaceBuild('fedora', kojiBuild(5, { name: 'redo' }), [
    indexedRpm(501, { name: 'redo', files: [storedFile('/usr/bin/redo', SEEDED.superseded)] }),
  ]);
  await index.replaceBuild('fedora', kojiBuild(5, { name: 'redo' }), []);

  await index.replaceBuild('forgotten', kojiBuild(6, { name: 'foreign' }), [
    indexedRpm(601, { name: 'foreign', files: [storedFile('/usr/bin/foreign', SEEDED.foreign)] }),
  ]);

  const lokal = { name: 'lokal', epoch: null, version: '1', release: '1', arch: 'aarch64' };
  await index.replaceLocalRpms([
    {
      path: '/srv/rpms/50% off #1/lokal ä.rpm',
      facts: { ...lokal, size: 99, payloadHash: null, buildTime: null, contentSize: null },
      files: [storedFile('/opt/lokal', SEEDED.local)],
    },
  ]);
}
