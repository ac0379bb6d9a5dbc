import { beforeEach, describe, expect, test } from '@jest/globals';
import { openMirrorHttp } from '../../../daemon/kojis.ts';
import { refresh } from '../../../daemon/repositories/refresh.ts';
import type { Store } from '../../../daemon/store/types.ts';
import type { ErrorCode } from '../../../shared/errors.ts';
import { databasePath, inspect, storeAt } from '../../support/database-file.ts';
import { openTestStore } from '../../support/test-store.ts';
import { YumRepository, fixtureRpms, serveFiles } from '../../support/yum-repository.ts';

const RPMS = fixtureRpms('greet-', 'payload-');
const PRIMARY = 'repodata/primary.xml.gz';
const REPOMD = 'repodata/repomd.xml';

const GENERATIONS = 'SELECT count(*) FROM repository_generation';

/** Good packages are there, then the repository is damaged: they must stay, and nothing else must. */
describe('the last good packages stay', () => {
  let yum: YumRepository;
  let store: Store;
  let database: string;
  let url: string;

  const refreshed = () =>
    refresh(
      { name: 'updates', source: { kind: 'baseurl', url } },
      { instance: 'demo', store: store.repositories, openHttp: openMirrorHttp, now: Date.now },
      new AbortController().signal,
    );

  beforeEach(async () => {
    yum = new YumRepository(fixtureRpms('greet-'));
    database = databasePath();
    store = storeAt(database);
    ({ url } = await serveFiles(yum.directory));
    await store.repositories.configure(new Map([['demo', [{ name: 'updates', source: 'x' }]]]));
    await refreshed();
    yum.publish(RPMS);
  });

  async function expectKept(code: ErrorCode, message: RegExp): Promise<void> {
    const before = await store.repositories.states('demo');
    await expect(refreshed()).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
    expect(await store.repositories.states('demo')).toEqual(before);
    const rpm = { name: 'greet', epoch: null, version: '1.0', release: '1.fc40', arch: 'x86_64' };
    const asked = { ...rpm, buildTime: null, contentSize: null, build: { instance: 'demo' } };
    expect((await store.repositories.copiesOf([asked])).get(asked)).toHaveLength(1);
    expect(inspect(database, (db) => db.prepare(GENERATIONS).pluck().get())).toBe(1);
  }

  /** primary.xml as it should be, with this in it changed. */
  const altered = (from: string | RegExp, to: string) => yum.primary.toString().replace(from, to);

  test('where primary.xml is truncated', async () => {
    yum.write(PRIMARY, yum.read(PRIMARY).subarray(0, -100));
    await expectKept('format', /primary\.xml\.gz: gzip data at offset 0: unexpected end of file/);
  });

  test('where it is truncated, and its compression does not tell', async () => {
    yum.replacePrimary(yum.primary, 'plain');
    yum.write('repodata/primary.xml', yum.read('repodata/primary.xml').subarray(0, -100));
    await expectKept('format', /primary\.xml: it has \d+ bytes, and repomd\.xml says \d+/);
  });

  test('where a byte of it has changed', async () => {
    const bytes = yum.read(PRIMARY);
    bytes.writeUInt8(bytes.readUInt8(bytes.length - 30) ^ 1, bytes.length - 30);
    yum.write(PRIMARY, bytes);
    await expectKept('format', /primary\.xml\.gz: /);
  });

  test('where a byte has changed that only the checksum tells', async () => {
    yum.replacePrimary(yum.primary, 'plain');
    yum.write('repodata/primary.xml', altered('Greets', 'Greots'));
    await expectKept('format', /primary\.xml: its checksum is sha256:\w+, and repomd\.xml says sha256:/);
  });

  test('where it is larger than it says', async () => {
    yum.write(PRIMARY, Buffer.concat([yum.read(PRIMARY), Buffer.alloc(10)]));
    await expectKept('format', /it has more than the \d+ bytes that repomd\.xml says/);
  });

  test('where decompressed it is larger than it says', async () => {
    yum.write(REPOMD, yum.repomd.replace(/<open-size>\d+/, '<open-size>1000'));
    await expectKept('format', /decompressed, it has more than the 1000 bytes/);
  });

  test('where decompressed it is smaller than it says', async () => {
    yum.write(REPOMD, yum.repomd.replace(/<open-size>(\d+)/, '<open-size>9$1'));
    await expectKept('format', /decompressed, it has \d+ bytes, and repomd\.xml says 9\d+/);
  });

  test('where decompressed it is another', async () => {
    yum.write(REPOMD, yum.repomd.replace(/(open-checksum type="sha256">)\w{8}/, '$100000000'));
    await expectKept('format', /decompressed, its checksum is sha256:/);
  });

  test('where it is not there', async () => {
    yum.write(REPOMD, yum.repomd.replaceAll('primary.xml.gz', 'absent.xml.gz'));
    await expectKept('missing_file', /absent\.xml\.gz: HTTP 404/);
  });

  test('where it is a page of the server', async () => {
    const page = '<!DOCTYPE html>\n<html><body>Sorry, busy.</body></html>';
    yum.replacePrimary(page);
    await expectKept('format', /primary\.xml\.gz: it has a document type/);
  });

  test('where it is a text', async () => {
    yum.replacePrimary('Sorry, busy. '.repeat(20), 'plain');
    await expectKept('format', /neither XML nor compressed/);
  });

  test('where it is empty', async () => {
    yum.replacePrimary('', 'plain');
    await expectKept('format', /neither XML nor compressed/);
  });

  test('where it is another XML', async () => {
    yum.replacePrimary('<filelists><package type="rpm"/></filelists>');
    await expectKept('format', /it begins with <filelists> and is no primary\.xml/);
  });

  test.each([
    ['ends within an element', /<\/metadata>\s*$/, '<package', /not well-formed/],
    ['ends too early', /<\/metadata>\s*$/, '', /not well-formed/],
    ['nests wrongly', '</name>', '</nome>', /not well-formed/],
    ['uses an entity', '<name>greet', '<name>&lol;', /not well-formed XML: .*entity/],
    [
      'declares entities that grow',
      '<metadata ',
      '<!DOCTYPE m [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]><metadata ',
      /it has a document type/,
    ],
    ['nests deeply', '<format>', '<x>'.repeat(40), /more than 32 elements in each other/],
    ['has a name of megabytes', '<name>greet', `<name>${'x'.repeat(3_000_000)}`, /one piece of it/],
    [
      'has a name of megabytes in parts',
      '<name>greet',
      `<name>${'<a/>xxxxxxxxxxxxxxxx'.repeat(100_000)}`,
      /<name> has more than/,
    ],
    ['has a comment of megabytes', '<name>', `<!--${'x'.repeat(3_000_000)}--><name>`, /one piece of it/],
    ['has a tag of megabytes', '<name>', `<name x="${'x'.repeat(3_000_000)}">`, /one piece of it/],
  ])('where its XML %s', async (what, from, to, message) => {
    yum.replacePrimary(altered(from, to));
    await expectKept(/megabytes|deeply/.test(what) ? 'limit' : 'format', message);
  });

  test('where repomd.xml is truncated', async () => {
    yum.write(REPOMD, yum.repomd.slice(0, 700));
    await expectKept('format', /repomd\.xml: it is not well-formed XML/);
  });

  test.each<[string, (repomd: string) => string, RegExp]>([
    ['is a page', () => '<html><body/></html>', /it begins with <html> and is no repomd\.xml/],
    ['is empty', () => '', /not well-formed/],
    ['lists no primary.xml', () => '<repomd><data type="other"/></repomd>', /it lists no primary\.xml/],
    ['has no checksum', (text) => text.replaceAll('sha256', 'crc32'), /no checksum of primary\.xml/],
    ['has a checksum of no digits', (text) => text.replaceAll(/>\w{64}</g, '>no<'), /no checksum/],
    ['leads out of it', (text) => text.replaceAll('repodata/', '../'), /where in the repository/],
    ['leads to a file', (text) => text.replaceAll('repodata/', 'file:///etc/'), /where in the repository/],
  ])('where repomd.xml %s', async (_, change, message) => {
    yum.write(REPOMD, change(yum.repomd));
    await expectKept('format', message);
  });

  test('where repomd.xml is huge', async () => {
    yum.write(REPOMD, `${yum.repomd}${' '.repeat(5_000_000)}`);
    await expectKept('hub_protocol', /repomd\.xml: the answer is larger than 4194304 bytes/);
  });

  test('and what is mended is taken over', async () => {
    yum.write(PRIMARY, 'x');
    await expectKept('format', /primary/);
    yum.publish(RPMS);
    expect(await refreshed()).toMatchObject({ changed: true, packages: RPMS.length });
  });
});

describe('packages that no RPM could be matched to are left out', () => {
  test.each<[string, string | RegExp, string, number]>([
    ['a place above the repository', 'href="Packages/greet-1.0', 'href="../greet-1.0', 1],
    ['a place within it', 'href="Packages/greet-1.0', 'href="a/b/greet-1.0', 0],
    ['a place by another protocol', 'href="Packages/greet-1.0', 'href="file:///etc/greet-1.0', 1],
    ['a place elsewhere', 'href="Packages/greet-1.0', 'href="http://x.example/greet-1.0', 0],
    ['a base elsewhere', 'href="Packages/greet-1.0', 'xml:base="http://x.example" href="greet-1.0', 0],
    ['a base that is none', 'href="Packages/greet-1.0', 'xml:base="media:42" href="greet-1.0', 1],
    ['no name', '<name>greet</name>', '<name></name>', 1],
    ['no version', 'ver="1.0"', '', 1],
    ['a version with a slash', 'ver="1.0"', 'ver="1/0"', 1],
    ['no size', /<size package="\d+"/, '<size', 1],
    ['an epoch that is none', 'epoch="0"', 'epoch="x"', 1],
    ['an empty epoch', 'epoch="0"', 'epoch=""', 0],
    ['no build time', /build="\d+"/, '', 0],
    ['another type', '<package type="rpm">', '<package type="deb">', 0],
  ])('%s', async (_, from, to, skipped) => {
    const yum = new YumRepository(fixtureRpms('greet-1.0-1.fc40.x86_64', 'kmods'));
    const text = yum.primary.toString();
    expect(text.replace(from, to)).not.toBe(text);
    yum.replacePrimary(text.replace(from, to));
    const { url } = await serveFiles(yum.directory);
    const store = openTestStore();
    await store.repositories.configure(new Map([['demo', [{ name: 'updates', source: 'x' }]]]));
    const outcome = await refresh(
      { name: 'updates', source: { kind: 'baseurl', url } },
      { instance: 'demo', store: store.repositories, openHttp: openMirrorHttp, now: Date.now },
      new AbortController().signal,
    );
    const packages = to.includes('deb') ? 1 : 2 - skipped;
    expect(outcome).toEqual({ changed: true, packages, skipped });
  });
});
