import { describe, expect, test } from '@jest/globals';
import { pageAddress } from '../../../../daemon/http/pages/addresses.ts';
import { PRIORITY } from '../../../../daemon/store/types.ts';
import { DarkserverError } from '../../../../shared/errors.ts';
import type { KojiBuildId } from '../../../../shared/koji.ts';
import { altered } from '../../../support/altered.ts';
import { ask, seeded } from '../../../support/browsing.ts';
import { startTestServer } from '../../../support/http-server.ts';

describe('what is not there', () => {
  test('is a 404 with the reason for each reading, which nobody keeps', async () => {
    const { status, headers, html } = await ask(await seeded(), pageAddress(null, '0123456789abcdef'));
    expect(status).toBe(404);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('etag')).toBeNull();
    expect(html).toContain('<title>Nothing found: 0123456789abcdef');
    expect(html).toContain('As a build-id');
    expect(html).toContain('As the beginning of a build-id');
    expect(html).toContain('As a package');
    expect(html).toContain('What can be typed');
  });

  test('says that its build is waiting', async () => {
    const server = await seeded();
    await server.store.jobs.enqueue('fedora', [5 as KojiBuildId], PRIORITY.push);
    const text = 'redo-1.0-2.fc40.aarch64';
    const asRpm = await ask(server, pageAddress('rpm', text));
    expect(asRpm.status).toBe(404);
    expect(asRpm.html).toContain('Ask again in a minute.');
    // Who did not say that it is an RPM sees the build, and why not the RPM.
    const typed = await ask(server, pageAddress(null, text));
    expect(typed.html).toContain('<title>Build redo-1.0-2.fc40 ');
    expect(typed.html).toMatch(/<p class="note"><bdi>[^<]*redo-1.0-2.fc40 is queued/i);
  });

  test('is a 400 where nothing of the kind could be', async () => {
    const server = await seeded();
    const typed = await ask(server, pageAddress(null, 'what is this'));
    expect(typed.status).toBe(400);
    expect(typed.html).toContain('This is nothing that can be looked for');
    // No file system has longer paths.
    expect((await ask(server, pageAddress(null, '/d'.repeat(2500)))).status).toBe(400);
    const said = await ask(server, pageAddress('rpm', 'bash'));
    expect(said.status).toBe(400);
    expect(said.html).toContain('This is not an RPM');
  });
});

describe('errors', () => {
  const asScript = { headers: { accept: '*/*' } };

  test('are pages for browsers and JSON for others', async () => {
    const server = await seeded();
    for (const [address, init, status] of [
      ['nowhere', {}, 404],
      ['?as=nothing&q=a', {}, 400],
      ['?q=a&q=b', {}, 400],
      ['', { method: 'PUT' }, 405],
    ] as const) {
      const page = await ask(server, address, init);
      expect([address, page.status, page.headers.get('content-type')]).toEqual([
        address,
        status,
        'text/html; charset=utf-8',
      ]);
      expect(page.headers.get('vary')).toContain('accept');
      const json = await ask(server, address, { ...init, ...asScript });
      expect([json.status, json.headers.get('content-type')]).toEqual([
        status,
        'application/json; charset=utf-8',
      ]);
    }
  });

  test('of the API are JSON for browsers too', async () => {
    const server = await seeded();
    for (const address of ['api/v1/nowhere', 'api/v1/buildids/xyz', 'buildids/xyz']) {
      expect((await ask(server, address)).headers.get('content-type')).toContain('application/json');
    }
  });

  test('from within tell no more than the API does', async () => {
    const server = await startTestServer({
      wrapStore: (store) =>
        altered(store, {
          index: altered(store.index, {
            counts: () => Promise.reject(new DarkserverError('store', 'SQLITE_BUSY: /var/lib/x.db')),
          }),
        }),
    });
    const { status, html, headers } = await ask(server, '');
    expect(status).toBe(503);
    expect(headers.get('retry-after')).toBe('5');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(html).toContain('Not at the moment');
    expect(html).not.toContain('SQLITE');
  });
});
