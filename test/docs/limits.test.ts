import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import {
  ANSWER_TIMEOUT,
  COMPRESS_FROM,
  HEADERS_TIMEOUT,
  KEEP_ALIVE_TIMEOUT,
  MAX_ARRIVING_BYTES,
  MAX_BODY_BYTES,
  MAX_CONNECTIONS,
  MAX_HEADER_BYTES,
  MAX_IDS_IN_URL,
  MAX_IDS_ON_PAGE,
  MAX_URL_BYTES,
  MAX_WAITING_BYTES,
  REQUEST_TIMEOUT,
} from '../../daemon/http/limits.ts';
import { MAX_WAITING_QUESTIONS } from '../../daemon/lookup/large-questions.ts';
import { MAX_BATCH, MAX_PAGE, MAX_PUSH } from '../../shared/api.ts';
import { httpStatusOf } from '../../shared/errors.ts';

const API = readFileSync(new URL('../../docs/api.md', import.meta.url), 'utf8');
const LIMITS = API.slice(API.indexOf('## Limits'));
const ROWS = [...LIMITS.matchAll(/^\| (.+?) +\| (.+?) +\| (.+?) +\|$/gm)].map(([, ...cells]) => cells);

test('the limits of docs/api.md are those in force', () => {
  const numbers = ROWS.map(([, most = '']) => most).filter((most) => /^\d/.test(most));
  expect(numbers).toEqual([
    ...[MAX_URL_BYTES, MAX_HEADER_BYTES].map((bytes) => `${bytes / 1024} KiB`),
    `${MAX_BODY_BYTES / 1024 ** 2} MiB`,
    ...[MAX_BATCH, MAX_WAITING_QUESTIONS, MAX_IDS_IN_URL, MAX_IDS_ON_PAGE, MAX_PUSH, MAX_PAGE].map(String),
    ...[HEADERS_TIMEOUT, REQUEST_TIMEOUT, ANSWER_TIMEOUT, KEEP_ALIVE_TIMEOUT].map(
      (time) => `${time / 1000} s`,
    ),
    String(MAX_CONNECTIONS),
    ...[MAX_ARRIVING_BYTES, MAX_WAITING_BYTES].map((bytes) => `${bytes / 1024 ** 2} MiB`),
  ]);
  expect(API).toContain(`Answers of ${COMPRESS_FROM / 1024} KiB and more`);
});

test('each status beside a code is that code’s', () => {
  const named = ROWS.flatMap(([, , beyond = '']) => [...beyond.matchAll(/(\d{3}) `(\w+)`/g)]);
  expect(named.length).toBeGreaterThan(5);
  for (const [, status, code = ''] of named) {
    // Node's parser refuses what no route has seen; the code is the nearest.
    if (status !== '431') expect([code, httpStatusOf(code as 'too_large')]).toEqual([code, Number(status)]);
  }
});
