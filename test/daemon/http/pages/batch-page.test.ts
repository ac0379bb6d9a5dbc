import { describe, expect, test } from '@jest/globals';
import { pageAddress } from '../../../../daemon/http/pages/addresses.ts';
import { type Asking, ask, seeded } from '../../../support/browsing.ts';
import { SEEDED } from '../../../support/seed-store.ts';
import { sha1BuildId } from '../../../support/sha1-build-id.ts';

describe('many build-ids', () => {
  const post = (text: string): Asking => ({ method: 'POST', body: new URLSearchParams({ q: text }) });

  test('that were pasted get an address, or an answer where that would be too long', async () => {
    const server = await seeded();
    const few = await ask(
      server,
      '',
      post(`0x400000+0x1000 ${SEEDED.bin}@0x400284 a\n0x1+0x1 ${SEEDED.absent}@0x2 b`),
    );
    expect(few.status).toBe(303);
    expect(few.headers.get('location')).toBe(`./?q=${SEEDED.bin}+${SEEDED.absent}&as=build-ids`);
    const answer = await ask(server, few.headers.get('location') ?? '');
    expect(answer.html).toContain('This build explains 1 of 2');
    expect(answer.html).toContain('1 not found');
    // What is missing may be there the next second.
    expect([answer.status, answer.headers.get('cache-control')]).toEqual([200, 'no-store']);
    const absent = pageAddress(null, `${SEEDED.absent} ${sha1BuildId('absent')}`);
    expect((await ask(server, absent)).status).toBe(404);

    const ids = Array.from({ length: 200 }, (_, n) => sha1BuildId(String(n)));
    const many = await ask(server, '', post([SEEDED.bin, ...ids].join('\n')));
    expect(many.status).toBe(200);
    expect(many.html).toContain('<title>201 build-ids');
    expect(many.html).toContain('200 not found');
  });

  test('more than 1000 are refused with a page that says where more are taken', async () => {
    const ids = Array.from({ length: 1001 }, (_, n) => sha1BuildId(String(n)));
    const { status, html } = await ask(await seeded(), '', post(ids.join('\n')));
    expect(status).toBe(413);
    expect(html).toContain('POST them to /api/v1/buildids');
  });

  test('a text without any is taken for what it is', async () => {
    const server = await seeded();
    expect((await ask(server, '', post('bash'))).headers.get('location')).toBe('./?q=bash');
    expect((await ask(server, '', post('x'.repeat(10_000)))).status).toBe(400);
    expect((await ask(server, '', post(''))).headers.get('location')).toBe('./?q=');
  });

  test('only a form is taken', async () => {
    const server = await seeded();
    const headers = { 'content-type': 'application/json' };
    expect((await ask(server, '', { method: 'POST', headers, body: '{"q":"bash"}' })).status).toBe(415);
    expect((await ask(server, '', { method: 'POST' })).status).toBe(415);
    // And a form nowhere else.
    expect((await ask(server, 'push', post('bash'))).status).toBe(415);
  });
});
