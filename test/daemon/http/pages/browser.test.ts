import { readFile } from 'node:fs/promises';
import { expect, test } from '@jest/globals';
import axe from 'axe-core';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { pageAddress } from '../../../../daemon/http/pages/addresses.ts';
import { createLookup } from '../../../../daemon/lookup/lookup.ts';
import { afterTest } from '../../../support/after-test.ts';
import { describeInChromium } from '../../../support/chromium.ts';
import { type TestServer, startTestServer } from '../../../support/http-server.ts';
import { listen } from '../../../support/listen.ts';
import { SEEDED, indexedRpm, kojiBuild, seedStore, storedFile } from '../../../support/seed-store.ts';
import { sha1BuildId } from '../../../support/sha1-build-id.ts';
import { NO_CHECKS, TEST_KOJI } from '../../../support/test-koji.ts';
import { openTestStore } from '../../../support/test-store.ts';

/** What a package must not do to a page: end a tag, run, or turn the text round. */
const HOSTILE = {
  name: 'evil"><script>document.title="broken"</script>',
  path: `/usr/bin/<img src=x onerror="document.title='broken'">\u{202e}gnp.exe\u{1b}[31m ' & \t`,
  buildId: sha1BuildId('hostile'),
};
const LONG = { path: `/opt/${'long'.repeat(200)}`, buildId: sha1BuildId('long') };

async function seeded(): Promise<TestServer> {
  const server = await startTestServer();
  await seedStore(server.store);
  const { index } = server.store;
  await index.replaceBuild('fedora', kojiBuild(80, { name: HOSTILE.name }), [
    indexedRpm(801, { name: HOSTILE.name, files: [storedFile(HOSTILE.path, HOSTILE.buildId)] }),
    indexedRpm(802, { name: `${HOSTILE.name}-debuginfo`, files: [storedFile(LONG.path, LONG.buildId)] }),
    indexedRpm(803, { name: 'unread', files: { error: 'format', message: 'RPM header at offset 96: <b>' } }),
  ]);
  for (let n = 0; n < 60; n++) {
    await index.replaceBuild('fedora', kojiBuild(100 + n, { name: 'many', release: `${n}.fc40` }), [
      indexedRpm(1000 + n, {
        name: 'many',
        release: `${n}.fc40`,
        files: [storedFile('/usr/bin/many', sha1BuildId(`many${n}`))],
      }),
    ]);
  }
  return server;
}

/** One address of each kind of page. */
const ADDRESSES = [
  '',
  ...[SEEDED.bin, SEEDED.deleted, HOSTILE.buildId, LONG.buildId, 'aa110000', 'hello-1.0-2.fc40.x86_64'],
  ...['fedora/80', 'fedora/4', 'many', '/usr/bin/many', `${SEEDED.bin} ${SEEDED.draft} ${SEEDED.absent}`],
  ...['0123456789abcdef', 'what is this'],
].map((text) => (text === '' ? './' : pageAddress(null, text)));

/** Everything that the browser complains of, but that a page which says "404" is a 404. */
function complaints(page: Page): string[] {
  const heard: string[] = [];
  page.on('console', (message) => {
    if (!/^Failed to load resource: .* status of 40[04]/.test(message.text())) heard.push(message.text());
  });
  page.on('pageerror', (error) => heard.push(error.message));
  page.on('dialog', (dialog) => {
    heard.push(dialog.message());
    void dialog.dismiss();
  });
  return heard;
}

/** Milliseconds for tests that look at every page: a machine that does much else is slow to draw. */
const PATIENCE = 120_000;

const WITHOUT_SCRIPTS: BrowserContextOptions = { javaScriptEnabled: false };

describeInChromium('in a browser', (open) => {
  test.each([
    ['a build-id', SEEDED.bin, `Build-id ${SEEDED.bin}`],
    ['the beginning of one', SEEDED.bin.slice(0, 9), `Build-id ${SEEDED.bin}`],
    ['an RPM', 'hello-1.0-2.fc40.x86_64.rpm', 'RPM hello-1.0-2.fc40.x86_64'],
    ['a build', 'hello-1.0-2.fc40', 'Build hello-1.0-2.fc40'],
    ['a package', 'hello', 'Package hello'],
    ['a path', '/usr/bin/hello', 'Path /usr/bin/hello'],
    ['nothing', 'no-such-thing', 'Nothing found: no-such-thing'],
  ])('%s is found from the keyboard', async (_, text, title) => {
    const server = await seeded();
    const page = await open(WITHOUT_SCRIPTS);
    const heard = complaints(page);
    await page.goto(server.url);
    // The way to the content, the name of the place, the field.
    for (const key of ['Tab', 'Tab', 'Tab']) await page.keyboard.press(key);
    await page.keyboard.type(text);
    await Promise.all([page.waitForURL(/\?q=/), page.keyboard.press('Enter')]);
    expect(await page.title()).toBe(`${title} – Darkserver`);
    expect(await page.inputValue('#q')).toBe(text);
    expect(heard).toEqual([]);
  });

  test('links lead from a build-id to its RPM, build, Koji, package, history and back', async () => {
    const server = await seeded();
    const page = await open(WITHOUT_SCRIPTS);
    const heard = complaints(page);
    const follow = async (text: string | RegExp, title: string) => {
      await page.getByRole('link', { name: text }).first().click();
      expect(await page.title()).toBe(`${title} – Darkserver`);
    };
    await page.goto(`${server.url}/${pageAddress(null, SEEDED.bin)}`);
    await follow('/usr/bin/hello', 'Path /usr/bin/hello');
    await follow(SEEDED.bin, `Build-id ${SEEDED.bin}`);
    await follow('hello-1.0-2.fc40.x86_64', 'RPM hello-1.0-2.fc40.x86_64');
    await follow(/^hello-1\.0-2\.fc40$/, 'Build hello-1.0-2.fc40');
    expect(await page.getByRole('link', { name: '1', exact: true }).getAttribute('href')).toBe(
      'https://koji.example/koji/buildinfo?buildID=1',
    );
    await follow('hello-debuginfo-1.0-2.fc40.x86_64', 'RPM hello-debuginfo-1.0-2.fc40.x86_64');
    await page.goto(`${server.url}/${pageAddress(null, 'many')}`);
    const builds = new Set(await page.getByRole('rowheader').allTextContents());
    for (let pages = 1; pages < 3; pages++) {
      await follow('The next of them', 'Package many');
      for (const build of await page.getByRole('rowheader').allTextContents()) builds.add(build);
    }
    expect(builds.size).toBe(60);
    expect(await page.getByRole('link', { name: 'The next of them' }).count()).toBe(0);
    await page.getByRole('link', { name: 'Darkserver' }).click();
    expect(await page.title()).toBe('Darkserver');
    expect(heard).toEqual([]);
  });

  test('a download link downloads the RPM', async () => {
    const rpm = Buffer.from('the bytes of an RPM');
    const asked: string[] = [];
    const files = await listen((request, response) => {
      asked.push(request.url ?? '');
      expect(request.headers.referer).toBeUndefined();
      response.writeHead(200, { 'content-type': 'application/x-rpm' }).end(rpm);
    });
    afterTest(() => files.close());
    const store = openTestStore();
    await seedStore(store);
    const koji = TEST_KOJI.map((each) => ({ ...each, topurl: files.url }));
    const server = await startTestServer({
      lookup: createLookup({ store, koji, checks: NO_CHECKS, now: Date.now }),
    });
    const page = await open(WITHOUT_SCRIPTS);
    await page.goto(`${server.url}/${pageAddress(null, SEEDED.bin)}`);
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: 'Koji' }).first().click(),
    ]);
    expect(download.suggestedFilename()).toBe('hello-1.0-2.fc40.x86_64.rpm');
    expect(await readFile(await download.path())).toEqual(rpm);
    expect(asked).toEqual(['/packages/hello/1.0/2.fc40/x86_64/hello-1.0-2.fc40.x86_64.rpm']);
  });

  test('what eu-unstrip printed of a core is pasted, and explained', async () => {
    const server = await seeded();
    const page = await open(WITHOUT_SCRIPTS);
    const heard = complaints(page);
    await page.goto(server.url);
    await page.getByText('Several build-ids at once').click();
    const ids = [SEEDED.bin, SEEDED.library, sha1BuildId('many0'), SEEDED.absent];
    const lines = ids.map((id, n) => `0x7f0${n}000+0x1000 ${id}@0x7f0${n}284 /usr/lib64/l${n}.so - l${n}.so`);
    await page.getByLabel(/Up to 1,000/).fill(lines.join('\n'));
    await page.getByRole('button', { name: 'Search for all' }).click();
    expect(await page.title()).toBe('4 build-ids – Darkserver');
    expect(await page.getByRole('table', { name: 'These 2 builds explain 3 of 4' }).count()).toBe(1);
    expect(await page.getByRole('table', { name: '1 not found' }).textContent()).toContain(SEEDED.absent);
    await page.reload();
    expect(await page.title()).toBe('4 build-ids – Darkserver');
    expect(heard).toEqual([]);
  });

  test(
    'no page is wider than the screen, in light and dark, on narrow and wide, with large letters',
    async () => {
      const server = await seeded();
      for (const colorScheme of ['light', 'dark'] as const) {
        const page = await open({ ...WITHOUT_SCRIPTS, colorScheme });
        const heard = complaints(page);
        const devtools = await page.context().newCDPSession(page);
        for (const address of ADDRESSES) {
          await page.goto(`${server.url}/${address}`);
          for (const letters of [16, 32]) {
            await devtools.send('Page.setFontSizes', { fontSizes: { standard: letters, fixed: letters } });
            for (const width of [320, 375, 768, 1440]) {
              await page.setViewportSize({ width, height: 800 });
              const wide = await page.evaluate<number>('document.documentElement.scrollWidth');
              expect([address, width, letters, wide]).toEqual([address, width, letters, width]);
            }
          }
        }
        expect(heard).toEqual([]);
      }
    },
    PATIENCE,
  );

  test('light and dark look different', async () => {
    const server = await startTestServer();
    const colours: string[] = [];
    for (const colorScheme of ['light', 'dark'] as const) {
      const page = await open({ ...WITHOUT_SCRIPTS, colorScheme });
      await page.goto(server.url);
      colours.push(await page.evaluate<string>('getComputedStyle(document.body).backgroundColor'));
    }
    expect(new Set(colours).size).toBe(2);
  });

  test('names of packages, paths and searches break out of no page and run nowhere', async () => {
    const server = await seeded();
    // Scripts are allowed here, so that one would run.
    const page = await open();
    const heard = complaints(page);
    const addresses = [
      ...[HOSTILE.buildId, 'fedora/80', `${SEEDED.bin} ${HOSTILE.buildId}`].map((text) =>
        pageAddress(null, text),
      ),
      pageAddress('rpm', `${HOSTILE.name}-1.0-2.fc40.x86_64`),
      pageAddress('package', HOSTILE.name),
      pageAddress('path', HOSTILE.path),
      pageAddress('path', `${HOSTILE.path}missing`),
      pageAddress(null, `"><script>document.title='broken'</script>`),
    ];
    for (const address of addresses) {
      await page.goto(`${server.url}/${address}`);
      expect(await page.title()).toMatch(/ – Darkserver$/);
      expect(await page.locator('script, img, main style, main iframe').count()).toBe(0);
    }
    await page.goto(`${server.url}/${pageAddress(null, HOSTILE.buildId)}`);
    const shown = await page.getByRole('rowheader').textContent();
    expect(shown).toContain(
      `<img src=x onerror="document.title='broken'">U+202Egnp.exeU+001B[31m ' & U+0009`,
    );
    await page.getByRole('rowheader').getByRole('link').click();
    expect(await page.title()).toBe(
      `Path /usr/bin/<img src=x onerror="document.title='broken'">[U+202E]gnp.exe[U+001B][31m ' & [U+0009] – Darkserver`,
    );
    expect(await page.getByRole('rowheader').textContent()).toBe(HOSTILE.buildId);
    expect(heard).toEqual([]);
  });

  test(
    'every page has what people without eyes or mice need',
    async () => {
      const server = await seeded();
      for (const colorScheme of ['light', 'dark'] as const) {
        // The policy of the pages would keep the tester out, too.
        const page = await open({ colorScheme, bypassCSP: true });
        for (const address of [...ADDRESSES, 'nowhere']) {
          await page.goto(`${server.url}/${address}`);
          await page.evaluate(axe.source);
          for (const width of [375, 1440]) {
            await page.setViewportSize({ width, height: 800 });
            const found = await page.evaluate<string[]>(
              `axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes[0].html))`,
            );
            expect([address, width, found]).toEqual([address, width, []]);
          }
        }
      }
    },
    PATIENCE,
  );
});
