import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { createHttpServer } from '../../../daemon/http/server.ts';
import { silentLog } from '../../../daemon/log.ts';
import { createLookup } from '../../../daemon/lookup/lookup.ts';
import { openStore } from '../../../daemon/store/sqlite-store.ts';
import { errorAnswer } from '../../../shared/api.ts';
import { rawExchange, rawJson, rawStatus } from '../../support/raw-http.ts';
import { SEEDED, seedStore } from '../../support/seed-store.ts';
import { NO_CHECKS } from '../../support/test-koji.ts';
import type { FuzzTarget, OpenTarget } from '../target.ts';

const PLACES = [
  ...['/buildids/', '/darkserver/buildids/', '/rpm2buildids/', '/package/', '/', '/api/v1/buildids/'],
  ...['/api/v1/buildids?prefix=', '/api/v1/buildids?limit=1&prefix=abcdef00&x='],
  ...[
    '/api/v1/rpms/',
    '/api/v1/builds/',
    '/api/v1/packages/',
    '/api/v1/koji/',
    '/api/v1/koji/fedora/builds/',
  ],
  ...[
    '/api/v1/files?path=',
    '/api/v1/files?path=/usr/bin/hello&limit=',
    `/api/v1/buildids/${SEEDED.bin}?rpm=`,
  ],
];

/** Listings of several pages, whose cursors are read by the server as they come. */
const LISTINGS = [
  ...['rpms/hello-1.0-2.fc40.x86_64', 'builds/hello-1.0-2.fc40', 'koji/fedora/builds/1', 'packages/hello'],
  ...['files?path=/usr/bin/hello', 'buildids?prefix=aa110000'],
];

/** What may stand in a request line: any byte but blanks and line ends, %-escapes right and wrong. */
const target = fc.array(
  fc.oneof(
    fc.integer({ min: 0x21, max: 0xff }).map((byte) => String.fromCharCode(byte)),
    fc.integer({ min: 0, max: 0xff }).map((byte) => `%${byte.toString(16).padStart(2, '0')}`),
    fc.constantFrom('%', '%g', '/', '..', '?', '#', ',', '-', '.rpm', 'ab', 'ABCD'),
  ),
  { maxLength: 60 },
);
const wild = fc.tuple(fc.constantFrom(...PLACES), target).map(([place, rest]) => `${place}${rest.join('')}`);

const place = fc.oneof(
  fc.oneof(fc.integer(), fc.double(), fc.constantFrom(null, Number.MAX_SAFE_INTEGER, SEEDED.bin)),
  fc.record({
    buildKey: fc.oneof(fc.integer(), fc.double()),
    completedAt: fc.oneof(fc.double(), fc.constant(null)),
  }),
  fc.record({
    best: fc.array(fc.oneof(fc.integer(), fc.double())),
    fileKey: fc.oneof(fc.integer(), fc.double()),
  }),
  fc.jsonValue(),
);
const page = fc
  .tuple(fc.constantFrom(...LISTINGS), place, fc.integer({ min: 1, max: 3 }))
  .map(([listing, at, limit]) => {
    const cursor = Buffer.from(JSON.stringify(at)).toString('base64url');
    return `/api/v1/${listing}${listing.includes('?') ? '&' : '?'}limit=${limit}&cursor=${cursor}`;
  });
const get = fc
  .oneof({ weight: 3, arbitrary: wild }, page)
  .map((path) => `GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);

const IDS = [SEEDED.bin, SEEDED.shared, `${SEEDED.shared.slice(0, 32)}0`, SEEDED.deleted.slice(0, 32)];
const almost = fc.record(
  {
    instance: fc.oneof(fc.constant('fedora'), fc.string()),
    koji_build_ids: fc.oneof(fc.array(fc.oneof(fc.integer(), fc.double(), fc.jsonValue())), fc.jsonValue()),
    build_ids: fc.oneof(
      fc.array(fc.oneof(fc.string(), fc.jsonValue(), fc.constantFrom(...IDS))),
      fc.jsonValue(),
    ),
    group: fc.oneof(fc.boolean(), fc.jsonValue()),
    siblings: fc.oneof(fc.boolean(), fc.jsonValue()),
  },
  { requiredKeys: [] },
);
const json = fc.oneof(almost, fc.jsonValue()).map((value) => JSON.stringify(value));
/** A body that is all brackets and no sense. */
const noJson = fc
  .array(fc.constantFrom('{', '}', '[', ']', '"', ':', ',', '1e999', '__proto__', '\\u0000'), {
    maxLength: 30,
  })
  .map((pieces) => pieces.join(''));
const post = fc
  .tuple(fc.constantFrom('/api/v1/buildids', '/push'), fc.oneof({ weight: 4, arbitrary: json }, noJson))
  .map(([path, body]) => {
    const bytes = Buffer.byteLength(body);
    const type = 'Content-Type: application/json\r\n';
    return `POST ${path} HTTP/1.1\r\nHost: a\r\n${type}Content-Length: ${bytes}\r\nConnection: close\r\n\r\n${body}`;
  });

async function openTarget(): Promise<OpenTarget<string>> {
  const directory = mkdtempSync(join(tmpdir(), 'darkserver-fuzz-'));
  const store = openStore(join(directory, 'darkserver.db'));
  await seedStore(store);
  const server = createHttpServer({
    lookup: createLookup({ store, koji: [], checks: NO_CHECKS, now: Date.now }),
    ...{ store, log: silentLog, instances: ['fedora'], pushToken: null, version: '1' },
    isIndexing: () => true,
    wakeWorkers: () => undefined,
    now: Date.now,
  });
  const port = Number(new URL(await server.listen({ host: '127.0.0.1', port: 0 })).port);
  return {
    inputs: fc.oneof(get, post),
    errors: [],
    mayAllocate: () => 16 * 2 ** 20,
    read: async (request) => {
      const isGet = request.startsWith('GET');
      const response = await rawExchange(port, Buffer.from(request, isGet ? 'latin1' : 'utf8'));
      const status = rawStatus(response);
      assert.ok(status >= 200 && status < 500, `status ${status}`);
      if (status >= 400) errorAnswer.strict().parse(rawJson(response));
    },
    close: async () => {
      await server.close();
      await store.close();
      rmSync(directory, { recursive: true });
    },
  };
}

/** Errors are the caller's, and say so in the one shape of errors; nothing that is sent makes a 5xx. */
export const requests: FuzzTarget = { name: 'requests', share: 20, open: openTarget };
