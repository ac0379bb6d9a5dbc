import { describe, expect, test } from '@jest/globals';
import { pageAddress } from '../../../../daemon/http/pages/addresses.ts';
import { PRIORITY } from '../../../../daemon/store/types.ts';
import { DarkserverError } from '../../../../shared/errors.ts';
import type { KojiBuildId } from '../../../../shared/koji.ts';
import { altered } from '../../../support/altered.ts';
import { type TestServer, startTestServer } from '../../../support/http-server.ts';
import {
  SEEDED,
  indexedArchive,
  indexedRpm,
  kojiBuild,
  seedStore,
  storedFile,
} from '../../../support/seed-store.ts';
import { sha1BuildId } from '../../../support/sha1-build-id.ts';

type Asking = Omit<RequestInit, 'headers'> & { headers?: Readonly<Record<string, string>> };

/** As a browser asks; fetch follows no redirect here. */
async function ask(server: TestServer, address: string, init: Asking = {}) {
  const response = await fetch(`${server.url}/${address}`, {
    redirect: 'manual',
    ...init,
    headers: { accept: 'text/html,application/xhtml+xml,*/*;q=0.8', ...init.headers },
  });
  return { status: response.status, headers: response.headers, html: await response.text() };
}

async function seeded(): Promise<TestServer> {
  const server = await startTestServer();
  await seedStore(server.store);
  return server;
}

describe('what was typed is answered', () => {
  test.each([
    ['a build-id', SEEDED.bin.toUpperCase(), 'Build-id aa11'],
    ['the beginning of several', 'aa11'.padEnd(4, '0') + '0000', 'Build-id aa11'],
    ['an RPM', 'hello-1.0-2.fc40.x86_64', 'RPM hello-1.0-2.fc40.x86_64'],
    ['an RPM by its file', 'hello-1.0-2.fc40.x86_64.rpm', 'RPM hello-1.0-2.fc40.x86_64'],
    ['a build', 'hello-1.0-2.fc40', 'Build hello-1.0-2.fc40'],
    ["a build by Koji's number", 'fedora/4', 'Build hello-2-1,draft_4'],
    ['a package', 'c++lib', 'Package c++lib'],
    ['a package that only local RPMs are of', 'lokal', 'Package lokal'],
    ['a path', '/usr/bin/hello', 'Path /usr/bin/hello'],
    ['several build-ids', `${SEEDED.bin} ${SEEDED.draft}`, '2 build-ids'],
  ])('%s', async (_, text, title) => {
    const server = await seeded();
    const { status, html, headers } = await ask(server, pageAddress(null, text));
    expect(status).toBe(200);
    expect(html).toContain(`<title>${title}`);
    expect(headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(headers.get('cache-control')).toBe('public, max-age=60');
  });

  test('by the likeliest reading that has an answer, with links to the others', async () => {
    const server = await seeded();
    await server.store.index.replaceBuild(
      'fedora',
      kojiBuild(70, { name: 'redo-1', version: '0', release: '1' }),
      [indexedRpm(701, { name: 'redo-1', version: '0', release: '1', files: [] })],
    );
    const asBuild = await ask(server, pageAddress(null, 'redo-1-0-1'));
    expect(asBuild.html).toContain('<title>Build redo-1-0-1');
    expect(asBuild.html).toContain('It may also be <a href="?q=redo-1-0-1&amp;as=package">a package</a>');
    const asPackage = await ask(server, pageAddress(null, 'redo-1'));
    expect(asPackage.html).toContain('<title>Package redo-1 ');
    expect(asPackage.html).not.toContain('It may also be');
  });

  test('a single build-id with such a beginning, at once', async () => {
    const server = await seeded();
    const { html } = await ask(server, pageAddress(null, 'cc333333'));
    expect(html).toContain(`<title>Build-id ${SEEDED.deleted}`);
    expect(html).toContain('the only build-id in the index that begins with');
    expect(html).toContain('<strong class="mark">deleted from Koji</strong>');
    expect(html).toContain('nowhere known');
  });

  test('the first 16 bytes of one, saying so', async () => {
    const { html } = await ask(await seeded(), pageAddress(null, SEEDED.library.slice(0, 32)));
    expect(html).toContain(`<title>Build-id ${SEEDED.library}`);
    expect(html).toContain('the first 16 bytes of it.');
  });

  test('a draft, a local file, and what only an older RPM held, in words', async () => {
    const server = await seeded();
    expect((await ask(server, pageAddress(null, SEEDED.draft))).html).toContain('>draft<');
    const local = (await ask(server, pageAddress(null, SEEDED.local))).html;
    expect(local).toContain('no Koji knows this RPM');
    expect(local).not.toContain('href="file:');
    // It is of no build that could explain it.
    const list = (await ask(server, pageAddress(null, `${SEEDED.local} ${SEEDED.absent}`))).html;
    expect(list).toContain('<caption>1 found');
    expect(list).not.toContain('explain');
    const superseded = (await ask(server, pageAddress(null, SEEDED.superseded))).html;
    expect(superseded).toContain('no longer listed by Koji in this build');
  });
});

describe('pages of many rows', () => {
  test('link the next until there is none, and each row is on one of them', async () => {
    const server = await startTestServer();
    for (let n = 1; n <= 120; n++) {
      const release = `${n}.fc40`;
      await server.store.index.replaceBuild('fedora', kojiBuild(n, { name: 'many', release }), [
        indexedRpm(n, {
          name: 'many',
          release,
          files: [storedFile('/usr/bin/many', sha1BuildId(`many${n}`))],
        }),
      ]);
    }
    for (const text of ['many', '/usr/bin/many']) {
      const builds = new Set<string>();
      let pages = 0;
      for (let address: string | undefined = pageAddress(null, text); address !== undefined; pages++) {
        const { html, status } = await ask(server, address);
        expect(status).toBe(200);
        for (const [build] of html.matchAll(/many-1\.0-\d+\.fc40(?=<\/bdi>)/g)) builds.add(build);
        address = /<a href="([^"]+)" rel="next">/.exec(html)?.[1]?.replaceAll('&amp;', '&');
        expect(html.length).toBeLessThan(30_000);
      }
      expect([builds.size, pages]).toEqual([120, 5]);
    }
  });

  test('show the best of the many files that have one build-id', async () => {
    const server = await startTestServer();
    const inImages = sha1BuildId('in images');
    for (let n = 1; n <= 300; n++) {
      await server.store.index.replaceBuild(
        'fedora',
        kojiBuild(n, { name: 'image', release: String(n), completedAt: n }),
        [],
        [indexedArchive(n, { files: [storedFile('usr/lib64/libc.so.6', inImages)] })],
      );
    }
    const { html } = await ask(server, pageAddress(null, inImages));
    expect(html).toContain('300 files with this build-id');
    expect(html).toContain('The best 100 of them');
    expect([html.includes('image-1.0-201<'), html.includes('image-1.0-200<')]).toEqual([true, false]);
  });

  test('refuse a cursor that is none', async () => {
    const { status, html } = await ask(await seeded(), '?q=hello&as=package&cursor=nonsense');
    expect(status).toBe(400);
    expect(html).toContain('This cannot be understood');
  });
});

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

/** The addresses of other pages on a page. */
const linkedOn = (html: string) =>
  [...html.matchAll(/href="(\?q=[^"]+)"/g)].map(([, href]) => (href ?? '').replaceAll('&amp;', '&'));

describe('the front page', () => {
  test('shows numbers, and examples that are answered', async () => {
    const server = await seeded();
    const kinds = (page: string) => linkedOn(page).map((each) => new URLSearchParams(each).get('as'));
    // A local RPM came last, and is of no build.
    expect(kinds((await ask(server, '')).html)).toEqual(['build-id', 'prefix', 'rpm', 'path']);
    await server.store.index.replaceBuild('fedora', kojiBuild(70, { name: 'new' }), [
      indexedRpm(701, { name: 'new', files: [storedFile('/usr/bin/new', sha1BuildId('new'))] }),
    ]);
    const { html, status } = await ask(server, '');
    expect(status).toBe(200);
    expect(html).toMatch(/<dt>Builds<\/dt><dd>7<\/dd>/);
    expect(kinds(html)).toEqual(['build-id', 'prefix', 'rpm', 'build', 'package', 'path']);
    for (const example of linkedOn(html)) expect((await ask(server, example)).status).toBe(200);
  });

  test('is there before anything is', async () => {
    const { html, status } = await ask(await startTestServer(), '');
    expect(status).toBe(200);
    expect(html).toContain('not compared with yet');
  });
});

describe('every page', () => {
  test('leads only to pages that answer, also of what is in an image, where paths begin with no slash', async () => {
    const server = await seeded();
    const inImage = sha1BuildId('in an image');
    await server.store.index.replaceBuild(
      'fedora',
      kojiBuild(71, { name: 'image' }),
      [],
      [indexedArchive(711, { files: [storedFile('usr/bin/greet', inImage)] })],
    );
    const seen = new Set<string>();
    for (const start of [inImage, SEEDED.local, SEEDED.draft, 'c++lib', 'hello-1.0-2.fc40.x86_64']) {
      for (const linked of linkedOn((await ask(server, pageAddress(null, start))).html)) {
        seen.add(linked);
        expect([linked, (await ask(server, linked)).status]).toEqual([linked, 200]);
      }
    }
    expect(seen.size).toBeGreaterThan(10);
  });

  test('links nothing of other servers, nothing that runs, and its JSON', async () => {
    const server = await seeded();
    const addresses = [
      '',
      SEEDED.bin,
      'hello-1.0-2.fc40.x86_64',
      'hello-1.0-2.fc40',
      'hello',
      '/usr/bin/hello',
      'aa110000',
    ];
    for (const text of addresses) {
      const { html, headers } = await ask(server, text === '' ? '' : pageAddress(null, text));
      expect(html).not.toMatch(/<script|<iframe|<img|\son\w+=|style="|javascript:/i);
      expect(html.length).toBeLessThan(30_000);
      expect(headers.get('content-security-policy')).toMatch(
        /^default-src 'none'; style-src 'sha256-[\w+/]{43}='; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'$/,
      );
      expect(headers.get('referrer-policy')).toBe('no-referrer');
      const json = /<link rel="alternate" type="application\/json" href="([^"]+)">/.exec(html)?.[1];
      if (text === '') continue;
      const answer = await fetch(`${server.url}/${(json ?? '').replaceAll('&amp;', '&')}`);
      expect([text, answer.status]).toEqual([text, 200]);
    }
  });

  test('has an entity tag, and answers HEAD', async () => {
    const server = await seeded();
    const { headers, html } = await ask(server, pageAddress(null, 'hello'));
    const again = await ask(server, pageAddress(null, 'hello'), {
      headers: { 'if-none-match': headers.get('etag') ?? '' },
    });
    expect([again.status, again.html]).toEqual([304, '']);
    const head = await ask(server, pageAddress(null, 'hello'), {
      method: 'HEAD',
      headers: { 'accept-encoding': 'identity' },
    });
    expect([head.status, head.html]).toEqual([200, '']);
    expect(head.headers.get('content-length')).toBe(String(Buffer.byteLength(html)));
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
