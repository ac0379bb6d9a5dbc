import { describe, expect, test } from '@jest/globals';
import type { Log, LogFields } from '../../../daemon/log.ts';
import { errorAnswer } from '../../../shared/api.ts';
import { DarkserverError } from '../../../shared/errors.ts';
import { altered } from '../../support/altered.ts';
import { startTestServer } from '../../support/http-server.ts';
import { SEEDED } from '../../support/seed-store.ts';

const PATH = `/api/v1/buildids/${SEEDED.bin}`;

describe('a defect', () => {
  test('is a 500 that says a request id; the log has the rest under that id', async () => {
    const lines: { level: string; message: string; fields: LogFields }[] = [];
    const write =
      (level: string) =>
      (message: string, fields: LogFields = {}) => {
        lines.push({ level, message, fields });
      };
    const log: Log = {
      error: write('error'),
      warn: write('warn'),
      info: write('info'),
      debug: write('debug'),
    };
    const server = await startTestServer({
      log,
      wrapStore: (store) =>
        altered(store, {
          index: altered(store.index, {
            findByBuildIds: () => Promise.reject(new TypeError('secret of /var/lib')),
          }),
        }),
    });
    const response = await fetch(`${server.url}${PATH}`, { headers: { 'x-request-id': 'forged' } });
    expect(response.status).toBe(500);
    const body = await response.text();
    expect(body).not.toContain('secret');
    const { error } = errorAnswer.strict().parse(JSON.parse(body));
    expect(error.code).toBe('internal');
    const failure = lines.find(({ level }) => level === 'error');
    expect(failure?.message).toContain('secret of /var/lib');
    expect(failure?.fields['route']).toBe('/api/v1/buildids/:build_id');
    expect(String(failure?.fields['stack'])).toContain('TypeError');
    expect(error.message).toContain(String(failure?.fields['request']));
    expect(error.message).not.toContain('forged');
    const access = lines.find(({ level }) => level === 'debug');
    expect(access?.fields).toMatchObject({ method: 'GET', url: PATH, status: 500, peer: '127.0.0.1' });
  });
});

test('a crowd is a 429 that says when to ask again', async () => {
  const crowd = new DarkserverError('too_many_requests', 'too many large questions are waiting');
  const server = await startTestServer({
    wrapStore: (store) =>
      altered(store, { index: altered(store.index, { findByBuildIds: () => Promise.reject(crowd) }) }),
  });
  const response = await fetch(`${server.url}${PATH}`);
  expect([response.status, response.headers.get('retry-after')]).toEqual([429, '5']);
  expect(await response.text()).toContain('too many large questions');
});
