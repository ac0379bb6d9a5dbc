import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, expect, test } from '@jest/globals';
import { createAnswerAgents } from '../../../daemon/koji/answer-agents.ts';
import { createHttpAgents } from '../../../daemon/koji/http-agents.ts';
import { createUrlChecks } from '../../../daemon/lookup/url-checks.ts';
import type { MatchUrl } from '../../../shared/api.ts';
import { afterTest } from '../../support/after-test.ts';
import { type Listening, listen } from '../../support/listen.ts';

const NOW = Date.parse('2024-02-29T12:00:00Z');

let server: Listening;
let requests: string[];
let clock: number;

beforeEach(async () => {
  requests = [];
  clock = NOW;
  server = await listen((request, response) => {
    requests.push(`${request.method ?? ''} ${request.url ?? ''}`);
    const [, answer = ''] = (request.url ?? '').split('/');
    if (answer === 'silence') return;
    if (answer === 'cut') response.destroy();
    else if (answer === 'moved') response.writeHead(302, { location: '/200' }).end();
    else if (answer === 'named')
      response.writeHead(302, { location: server.url.replace('127.0.0.1', 'localhost') + '/404' }).end();
    else if (answer === 'circle') response.writeHead(302, { location: '/circle' }).end();
    else response.writeHead(Number(answer), { 'content-length': 321 }).end();
  });
  afterTest(() => server.close());
});

function url(path: string, kind: MatchUrl['kind'] = 'koji'): MatchUrl {
  return { kind, url: `${server.url}/${path}`, size: 5, last_seen: null };
}

const OPTIONS = { version: '9.8.7', now: () => clock, agentFor: createHttpAgents(16, 5000).for };

const checker = () => createUrlChecks(OPTIONS);

test('what is there says its size and that it was seen now', async () => {
  const there = url('200');
  expect(await checker().check([there])).toEqual(
    new Map([[there, { ...there, size: 321, last_seen: '2024-02-29T12:00:00.000Z' }]]),
  );
  expect(requests).toEqual(['HEAD /200']);
});

test.each(['404', '403', '410'])('%s is dead', async (status) => {
  expect(await checker().check([url(status)])).toEqual(new Map());
});

test.each(['500', '503', '405', 'cut', 'circle'])(
  '%s says nothing: the URL stays as it is',
  async (answer) => {
    const unknown = url(answer);
    expect(await checker().check([unknown])).toEqual(new Map([[unknown, unknown]]));
  },
);

test('this machine is not asked where only a mirror or a redirect says so', async () => {
  const { port } = new URL(server.url);
  const agents = createAnswerAgents([
    { topurl: 'https://koji.example', retrace: null, repositories: [] },
    { topurl: 'https://other.example', retrace: 'https://retrace.example/{nvra}', repositories: [] },
  ]);
  const elsewhere = url('404');
  const checks = createUrlChecks({ ...OPTIONS, agentFor: agents.for });
  expect(await checks.check([elsewhere])).toEqual(new Map([[elsewhere, elsewhere]]));
  const named: MatchUrl = { ...elsewhere, url: `http://localhost:${port}/404` };
  const strict = createHttpAgents(1, 5000, { mayBeLocal: (host) => host === '127.0.0.1' });
  const moved = url('named');
  const some = await createUrlChecks({ ...OPTIONS, agentFor: strict.for }).check([named, moved]);
  expect([...some.keys()]).toEqual([named, moved]);
  expect(requests).toEqual(['HEAD /named']);
});

test('a connection that nobody uses is closed, though the server keeps it', async () => {
  server.server.keepAliveTimeout = 0;
  const agents = createAnswerAgents([{ topurl: server.url, retrace: null, repositories: [] }], 50);
  await createUrlChecks({ ...OPTIONS, agentFor: agents.for }).check([url('200')]);
  expect(server.connections()).toEqual({ accepted: 1, open: 1 });
  while (server.connections().open > 0) await sleep(10);
});

test('a server that is silent says nothing either', async () => {
  const silent = url('silence');
  const checks = createUrlChecks({ ...OPTIONS, timeout: 1000 });
  expect(await checks.check([silent])).toEqual(new Map([[silent, silent]]));
  expect(requests).toEqual(['HEAD /silence']);
});

test('a redirection is followed', async () => {
  expect((await checker().check([url('moved')])).size).toBe(1);
  expect(requests).toEqual(['HEAD /moved', 'HEAD /200']);
});

test('files of this machine are not asked for', async () => {
  const local = { ...url('404', 'file'), url: 'file:///srv/x.rpm' };
  expect(await checker().check([local])).toEqual(new Map([[local, local]]));
});

test('a server is asked once for a while: for ten minutes where all was well, for one where it was not', async () => {
  const checks = checker();
  const both = [url('200'), url('404')];
  await Promise.all([checks.check(both), checks.check(both)]);
  expect(requests).toHaveLength(2);
  clock += 59_999;
  await checks.check(both);
  expect(requests).toHaveLength(2);
  clock += 1;
  await checks.check(both);
  expect(requests).toEqual(['HEAD /200', 'HEAD /404', 'HEAD /404']);
  clock = NOW + 600_000;
  await checks.check([url('200')]);
  expect(requests).toHaveLength(4);
});

test('a server in trouble is left alone for half a minute', async () => {
  const checks = checker();
  const failing = url('500');
  await checks.check([failing]);
  clock += 29_999;
  expect(await checks.check([failing])).toEqual(new Map([[failing, failing]]));
  expect(requests).toHaveLength(1);
  clock += 1;
  await checks.check([failing]);
  expect(requests).toHaveLength(2);
});

test('of all that ask at once some five hundred URLs wait, and the rest is given unasked', async () => {
  const checks = checker();
  const many = Array.from({ length: 1000 }, (_, number) => url(`404/${number}`));
  const parts = Array.from({ length: 5 }, (_, part) => many.slice(200 * part, 200 * (part + 1)));
  const left = await Promise.all(parts.map((part) => checks.check(part)));
  expect(requests.length).toBeGreaterThanOrEqual(500);
  expect(requests.length).toBeLessThan(600);
  expect(left.reduce((sum, { size }) => sum + size, 0)).toBe(1000 - requests.length);
});

test('of more than two hundred the rest is given unasked', async () => {
  const many = Array.from({ length: 250 }, (_, number) => url(`404/${number}`));
  expect((await checker().check(many)).size).toBe(50);
  expect(requests).toHaveLength(200);
});
