import { describe, expect, test } from '@jest/globals';
import { groupOf } from '../../../daemon/lookup/groups.ts';
import type { Match, MatchBuild } from '../../../shared/api.ts';

let nextKojiBuildId = 1;

function build(nvr: string, facts: Partial<MatchBuild> = {}): MatchBuild {
  return {
    ...{ instance: 'fedora', koji_build_id: nextKojiBuildId++, nvr, state: 'complete', draft: false },
    ...{ completed_at: null, web_url: null },
    ...facts,
  };
}

function inRpm(of: MatchBuild | null): Match {
  const rpm = {
    ...{ nvra: 'x-1-1.x86_64', name: 'x', epoch: null, version: '1', release: '1', arch: 'x86_64' },
    ...{ koji_rpm_id: 1, size: 1, payload_hash: null },
  };
  return { path: '/usr/bin/x', kind: 'executable', rpm, build: of, urls: [] };
}

function inArchive(of: MatchBuild): Match {
  const archive = {
    ...{ filename: 'x.tar', type: 'tar', btype: 'image', arch: null, koji_archive_id: 1, size: 1 },
    ...{ checksum: '00', checksum_type: null },
  };
  return { path: 'usr/bin/x', kind: 'executable', archive, build: of, urls: [] };
}

/** Build-ids a, b, … and the builds whose RPMs have them, best first. */
function group(results: Record<string, readonly (MatchBuild | Match)[]>) {
  const matches = Object.entries(results).map(
    ([asked, holders]) =>
      [asked, holders.map((holder) => ('nvr' in holder ? inRpm(holder) : holder))] as const,
  );
  const { builds, ...rest } = groupOf(new Map(matches));
  return { ...rest, builds: builds.map((each) => [each.build.nvr, each.build_ids.join('')]) };
}

describe('the set of builds that explains a core', () => {
  test('is empty for nothing, and names what no build has', () => {
    expect(group({})).toEqual({ builds: [], explained: 0, unexplained: [] });
    expect(group({ a: [], b: [inRpm(null)] })).toEqual({ builds: [], explained: 0, unexplained: ['a', 'b'] });
  });

  test('begins with the build that explains most', () => {
    const [bash, glibc] = [build('bash-5-1.fc40'), build('glibc-2.39-1.fc40')];
    expect(group({ a: [bash], b: [glibc], c: [glibc], d: [] })).toEqual({
      builds: [
        ['glibc-2.39-1.fc40', 'bc'],
        ['bash-5-1.fc40', 'a'],
      ],
      explained: 3,
      unexplained: ['d'],
    });
  });

  test('has one build of a package: what only another one has stays unexplained', () => {
    const [old, current] = [build('glibc-2.38-1.fc39'), build('glibc-2.39-1.fc40')];
    expect(group({ a: [current, old], b: [current], c: [old] })).toEqual({
      builds: [['glibc-2.39-1.fc40', 'ab']],
      explained: 2,
      unexplained: ['c'],
    });
  });

  test('prefers one that explains more to one that is ranked better', () => {
    const [rebuilt, real] = [build('zlib-1.3-2.fc41'), build('zlib-1.3-1.fc40')];
    expect(group({ a: [rebuilt, real], b: [real] }).builds).toEqual([['zlib-1.3-1.fc40', 'ab']]);
  });

  test('prefers, among equals, the distribution that the other ids can only be from', () => {
    const [newer, older] = [build('noarchish-1-1.fc41'), build('noarchish-1-1.fc40')];
    const results = { a: [newer, older], b: [build('bash-5-1.fc40')], c: [build('sed-4-1.fc40')] };
    expect(group(results).builds).toContainEqual(['noarchish-1-1.fc40', 'a']);
  });

  test('prefers, among equals of one distribution, the better match', () => {
    const [best, second] = [build('zlib-1.3-1.fc40'), build('zlib-1.3-1.fc40', { instance: 'copy' })];
    const { builds } = groupOf(new Map([['a', [inRpm(best), inRpm(second)]]]));
    expect(builds.map((each) => each.build.instance)).toEqual(['fedora']);
  });

  test('prefers, among equals without an id in common, by the rules for matches', () => {
    const draft = build('zlib-1-1.fc40,draft_7', { draft: true, completed_at: '2026-01-03T00:00:00.000Z' });
    const deleted = build('zlib-1-2.fc40', { state: 'deleted', completed_at: '2026-01-04T00:00:00.000Z' });
    const old = build('zlib-1-3.fc40', { completed_at: '2026-01-01T00:00:00.000Z' });
    const newer = build('zlib-1-4.fc40', { completed_at: '2026-01-02T00:00:00.000Z' });
    expect(group({ a: [draft], b: [deleted], c: [old], d: [newer] }).builds).toEqual([
      ['zlib-1-4.fc40', 'd'],
    ]);
    expect(group({ a: [draft], b: [deleted], c: [old] }).builds).toEqual([['zlib-1-3.fc40', 'c']]);
    expect(group({ a: [deleted], b: [draft] }).builds).toEqual([['zlib-1-1.fc40,draft_7', 'b']]);
    const signed = {
      kind: 'koji-signed',
      url: 'https://k.example/x',
      sigkey: 'ab',
      size: 1,
      last_seen: null,
    };
    const signedMatch = { ...inRpm(old), urls: [signed] } as Match;
    expect(group({ a: [newer], b: [signedMatch] }).builds).toEqual([['zlib-1-3.fc40', 'b']]);
  });

  test('counts an image only for what no RPM has', () => {
    const [bash, image] = [build('bash-5-1.fc40'), build('toolbox-40-1')];
    expect(group({ a: [bash, inArchive(image)], b: [inArchive(image)] }).builds).toEqual([
      ['bash-5-1.fc40', 'a'],
      ['toolbox-40-1', 'b'],
    ]);
  });

  test('tells a package by its name, also where drafts and dashes are in it', () => {
    const [draft, release] = [build('a-b-c-1-1,draft_7'), build('a-b-c-1-1')];
    expect(group({ a: [release, draft], b: [release], c: [draft] }).builds).toEqual([['a-b-c-1-1', 'ab']]);
  });

  test('takes five thousand ids of as many builds in one go', () => {
    const results = Object.fromEntries(
      Array.from({ length: 5000 }, (_, number) => [`id${number}`, [build(`p${number}-1-1.fc40`)]]),
    );
    expect(group(results)).toMatchObject({ explained: 5000, unexplained: [] });
  });
});
