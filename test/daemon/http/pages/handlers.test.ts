import { describe, expect, test } from '@jest/globals';
import { pageAddress } from '../../../../daemon/http/pages/addresses.ts';
import { ask, seeded } from '../../../support/browsing.ts';
import { startTestServer } from '../../../support/http-server.ts';
import { SEEDED, indexedArchive, indexedRpm, kojiBuild, storedFile } from '../../../support/seed-store.ts';
import { sha1BuildId } from '../../../support/sha1-build-id.ts';

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
