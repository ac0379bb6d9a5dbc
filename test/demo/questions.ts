import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { BatchAnswer, UpstreamRow } from '../../shared/api.ts';
import { type Story, ask, buildIdOf, isTrue, matchesOf } from './story.ts';
import { FIXTURES } from './truth.ts';

export async function askForOne(story: Story): Promise<void> {
  const { daemon, narrator } = story;
  narrator.step('Which package is this build-id from?');
  const buildId = buildIdOf(story, 'greet-1.0-1.fc40.x86_64', '/usr/bin/greet');
  narrator.command(`curl ${daemon.url}/api/v1/buildids/${buildId}`);
  const matches = await matchesOf(story, buildId);
  for (const { rpm, path: file, kind, urls } of matches) {
    narrator.answer([`${rpm?.nvra}: ${file} (${kind})`, ...urls.map(({ url }) => `  ${url}`)].join('\n'));
  }
  narrator.check(
    'the program and its debuginfo, and nothing else',
    matches.length === 2 && isTrue(story, buildId, matches),
    matches,
  );
}

export async function askForAll(story: Story): Promise<void> {
  const { daemon, narrator, truth } = story;
  narrator.step('Every build-id of every package at once');
  const path = '/api/v1/buildids';
  const ids = [...new Set(truth.map((file) => file.buildId))];
  const headers = { 'content-type': 'application/json' };
  narrator.command(`curl ${daemon.url}${path} -H 'content-type: application/json' \\`);
  narrator.more(`-d '{"build_ids": ["${ids[0]?.slice(0, 12) ?? ''}…", … ${ids.length} of them]}'`);
  const { results } = (await ask(story, path, {
    method: 'POST',
    headers,
    body: JSON.stringify({ build_ids: ids }),
  })) as BatchAnswer;
  const wrong = ids.filter((id) => !isTrue(story, id, results[id]?.matches ?? []));
  narrator.check(
    `${truth.length} files are found with the right package, path and kind, as readelf sees them`,
    wrong.length === 0 && Object.keys(results).length === ids.length,
    wrong,
  );
}

/** The digest is shortened for the eye; all of it is compared. */
function describe(bytes: Uint8Array): string {
  return `${bytes.length} bytes, sha256 ${createHash('sha256').update(bytes).digest('hex').slice(0, 20)}…`;
}

export async function download(story: Story): Promise<void> {
  const { narrator, signal } = story;
  narrator.step('The addresses are good; these lead to another volume of the Koji');
  const buildId = buildIdOf(story, 'greet-1.1-1.fc40.x86_64', '/usr/bin/greet');
  const matches = await matchesOf(story, buildId);
  let same = 0;
  for (const { rpm, urls } of matches) {
    const url = urls[0]?.url ?? '';
    narrator.command(`curl -O ${url}`);
    const response = await fetch(url, { signal });
    const got = new Uint8Array(await response.arrayBuffer());
    narrator.answer(`HTTP ${response.status}, ${describe(got)}`);
    if (response.status === 200 && (await readFile(new URL(`${rpm?.nvra}.rpm`, FIXTURES))).equals(got))
      same++;
  }
  narrator.check('both packages are byte for byte those that were built', same === 2, { same, matches });
}

export async function askAsUpstream(story: Story): Promise<void> {
  const { daemon, narrator, truth } = story;
  narrator.step("Upstream Darkserver's routes still answer");
  const nvra = 'greet-libs-1.0-1.fc40.x86_64';
  narrator.command(`curl ${daemon.url}/rpm2buildids/${nvra}`);
  const rows = (await ask(story, `/rpm2buildids/${nvra}`)) as UpstreamRow[];
  narrator.answer(rows.map((row) => `${row.buildid} ${row.elf} (${row.distro})`).join('\n'));
  const expected = truth.filter((file) => file.nvra === nvra);
  narrator.check(
    `all ${expected.length} libraries of ${nvra}`,
    rows.length === expected.length &&
      expected.every((file) => rows.some((row) => row.elf === file.path && row.buildid === file.buildId)),
    rows,
  );
  const path = `/darkserver/buildids/${buildIdOf(story, nvra, '/usr/lib64/libgreet.so.1')}`;
  narrator.command(`curl ${daemon.url}${path}`);
  const answer = (await ask(story, path)) as UpstreamRow[];
  narrator.check(
    'names that package and its address',
    answer.some((row) => row.rpm === nvra && row.url.endsWith(`/${nvra}.rpm`)),
    answer,
  );
}

export async function askForNothing(story: Story): Promise<void> {
  const { daemon, narrator, signal } = story;
  narrator.step('A build-id that no package has');
  const url = `${daemon.url}/api/v1/buildids/0123456789abcdef0123456789abcdef01234567`;
  narrator.command(`curl ${url}`);
  const response = await fetch(url, { signal });
  const text = await response.text();
  narrator.answer(text);
  narrator.check(
    '404, and the reason: nothing is known of it',
    response.status === 404 && text.includes('"reason":"unknown"'),
    text,
  );
}
