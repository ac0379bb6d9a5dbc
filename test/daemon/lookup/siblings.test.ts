import { describe, expect, test } from '@jest/globals';
import { siblingsOf } from '../../../daemon/lookup/siblings.ts';
import type { StoredBuild, StoredRpm } from '../../../daemon/store/types.ts';
import type { KojiRpmId } from '../../../shared/koji.ts';
import { kojiBuild } from '../../support/seed-store.ts';

function rpmsOf(name: string, ...names: readonly string[]): StoredRpm[] {
  const build: StoredBuild = { ...kojiBuild(1, { name }), instance: 'fedora', indexedAt: 0 };
  return names.map((nameDotArch, at) => {
    const [rpmName = '', arch = 'x86_64'] = nameDotArch.split('.');
    return {
      ...{ kojiRpmId: (at + 1) as KojiRpmId, name: rpmName, epoch: null, version: '1', release: '1', arch },
      ...{ size: 1, payloadHash: null, buildTime: null, contentSize: null },
      ...{ build, superseded: false, signedCopies: [], localPath: null, error: null },
    };
  });
}

/** The siblings of the first. */
function siblings(rpms: readonly StoredRpm[]) {
  const [first] = rpms;
  if (first === undefined) throw new Error('no RPM');
  const url = { kind: 'koji' as const, url: 'https://koji.example/x.rpm', size: 1, last_seen: null };
  const { debuginfo, debugsource, source } = siblingsOf(first, rpms, () => [url]);
  for (const each of [...debuginfo, ...debugsource, ...source]) expect(each.urls).toEqual([url]);
  const names = (located: typeof source) => located.map(({ rpm }) => `${rpm.name}.${rpm.arch}`);
  return [names(debuginfo), names(debugsource), names(source)];
}

describe('what goes with an RPM', () => {
  test('is its own debuginfo, and the sources of its build', () => {
    const rpms = ['hello-libs', 'hello', 'hello-debuginfo', 'hello-libs-debuginfo', 'hello-debugsource'];
    expect(siblings(rpmsOf('hello', ...rpms, 'hello.src'))).toEqual([
      ['hello-libs-debuginfo.x86_64'],
      ['hello-debugsource.x86_64'],
      ['hello.src'],
    ]);
  });

  test('is of its architecture', () => {
    const others = ['hello-debuginfo.i686', 'hello-debugsource.i686', 'hello.nosrc'];
    expect(siblings(rpmsOf('hello', 'hello.x86_64', ...others))).toEqual([[], [], ['hello.nosrc']]);
  });

  test('is the one debuginfo package of the build where there is one for all', () => {
    const rpms = rpmsOf('hello', 'hello-libs', 'hello-debuginfo');
    expect(siblings(rpms)[0]).toEqual(['hello-debuginfo.x86_64']);
  });

  test('is found for a package of another name than its build', () => {
    expect(siblings(rpmsOf('hello', 'libgreet', 'hello-debuginfo'))[0]).toEqual(['hello-debuginfo.x86_64']);
  });

  test('of a kernel is its flavour’s debuginfo and what all flavours share', () => {
    const debuginfo = ['kernel-debuginfo', 'kernel-rt-debuginfo', 'kernel-debuginfo-common-x86_64'];
    expect(siblings(rpmsOf('kernel', 'kernel-core', ...debuginfo))[0]).toEqual([
      'kernel-debuginfo.x86_64',
      'kernel-debuginfo-common-x86_64.x86_64',
    ]);
    expect(siblings(rpmsOf('kernel', 'kernel-rt-core', ...debuginfo))[0]).toEqual([
      'kernel-rt-debuginfo.x86_64',
      'kernel-debuginfo-common-x86_64.x86_64',
    ]);
  });

  test('of a debuginfo package is itself, and what it shares', () => {
    const rpms = rpmsOf('kernel', 'kernel-debuginfo', 'kernel-debuginfo-common-x86_64', 'kernel-core');
    expect(siblings(rpms)[0]).toEqual(['kernel-debuginfo.x86_64', 'kernel-debuginfo-common-x86_64.x86_64']);
  });
});
