import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from '@jest/globals';
import { HttpRpmSource } from '../../../daemon/indexer/http-rpm-source.ts';
import type { RpmSource } from '../../../daemon/indexer/types.ts';
import type { KojiHttp } from '../../../daemon/koji/http.ts';
import { afterTest } from '../../support/after-test.ts';
import { failing, openKojiHttp, serve } from '../../support/koji-http.ts';
import { StandInHub } from '../../support/stand-in-hub/stand-in-hub.ts';

const directory = mkdtempSync(join(tmpdir(), 'darkserver-http-rpm-'));
const content = randomBytes(3_000_000);
writeFileSync(join(directory, 'big.rpm'), content);
writeFileSync(join(directory, 'empty.rpm'), '');
afterAll(() => {
  rmSync(directory, { recursive: true });
});

function client(maxConnections = 2): KojiHttp {
  return openKojiHttp({
    maxConnections,
    silenceTimeout: 2000,
    retry: { attempts: 2, firstDelay: 1, longestDelay: 1 },
  });
}

/** Reads from `start` until `most` bytes are there or the source ends. */
async function read(source: RpmSource, start: number, expect_?: number, most = Infinity): Promise<Buffer> {
  const { chunks } = await source.open(start, expect_ === undefined ? {} : { expect: expect_ });
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    parts.push(chunk);
    size += chunk.length;
    if (size >= most) break;
  }
  return Buffer.concat(parts);
}

/** Buffers of megabytes are compared by hash: a difference would otherwise be printed. */
function hash(bytes: Uint8Array): string {
  return `${bytes.length} ${createHash('sha256').update(bytes).digest('hex')}`;
}

describe('from a server that knows ranges', () => {
  let hub: StandInHub;
  let source: HttpRpmSource;

  beforeEach(async () => {
    hub = await StandInHub.empty();
    afterTest(() => hub.close());
    hub.files.addDirectory(directory);
    source = new HttpRpmSource(client(), `${hub.topurl}/big.rpm`);
  });

  const ranges = (): (string | undefined)[] => hub.requests.map(({ range }) => range);

  test('all of it in one request', async () => {
    expect(source.name).toBe(`${hub.topurl}/big.rpm`);
    expect((await source.open(0)).size).toBe(3_000_000);
    expect(hash(await read(source, 0))).toBe(hash(content));
    expect(ranges()).toEqual([undefined, undefined]);
  });

  test('its beginning alone', async () => {
    const { size } = await source.open(0, { expect: 5000 });
    expect(size).toBe(3_000_000);
    expect(hash(await read(source, 0, 5000, 100))).toBe(hash(content.subarray(0, 5000)));
    expect(ranges()).toEqual(['bytes=0-4999', 'bytes=0-4999']);
  });

  test('its end', async () => {
    expect(hash(await read(source, 2_900_000))).toBe(hash(content.subarray(2_900_000)));
    expect(ranges()).toEqual(['bytes=2900000-']);
  });

  test('growing parts for a reader that goes on and on', async () => {
    expect(hash(await read(source, 1000, 10_000))).toBe(hash(content.subarray(1000)));
    expect(ranges()).toEqual([
      'bytes=1000-10999',
      'bytes=11000-50999',
      'bytes=51000-210999',
      'bytes=211000-850999',
      'bytes=851000-3410999',
    ]);
  });

  test('the rest at once after large parts', async () => {
    await read(source, 0, 5_000_000);
    const other = new HttpRpmSource(client(), source.name);
    await read(other, 0, 2_000_000);
    expect(ranges()).toEqual(['bytes=0-4999999', 'bytes=0-1999999', 'bytes=2000000-9999999']);
  });

  test('nothing behind its end, and nothing of an empty file', async () => {
    expect(await read(source, 3_000_000)).toHaveLength(0);
    expect(await read(source, 3_000_001)).toHaveLength(0);
    const empty = new HttpRpmSource(client(), `${hub.topurl}/empty.rpm`);
    expect((await empty.open(0, { expect: 100 })).size).toBe(0);
    expect(await read(empty, 0, 100)).toHaveLength(0);
    expect(await read(empty, 0)).toHaveLength(0);
  });

  test('a file that is not there', async () => {
    const absent = new HttpRpmSource(client(), `${hub.topurl}/absent.rpm`);
    await expect(absent.open(0)).rejects.toEqual(failing('missing_file', /absent\.rpm: HTTP 404/));
  });

  test('a file that is replaced between two requests', async () => {
    const path = join(directory, 'replaced.rpm');
    hub.files.add('replaced.rpm', path);
    writeFileSync(path, content.subarray(0, 50_000));
    const replaced = new HttpRpmSource(client(), `${hub.topurl}/replaced.rpm`);
    await read(replaced, 0, 1000, 1000);
    writeFileSync(path, content.subarray(0, 60_000));
    await expect(read(replaced, 20_000)).rejects.toEqual(
      failing('network', /replaced\.rpm: the file changed/),
    );
  });

  test('a connection that is lost in the middle is taken up where it was', async () => {
    let faults = 0;
    const { url } = await serve((request, response) => {
      const [, start = '0', end = ''] = /bytes=(\d+)-(\d*)/.exec(request.headers.range ?? '') ?? [];
      const last = end === '' ? content.length - 1 : Number(end);
      response.writeHead(206, {
        'Content-Range': `bytes ${start}-${last}/${content.length}`,
        'Content-Length': last - Number(start) + 1,
      });
      const body = content.subarray(Number(start), last + 1);
      if (faults++ < 5)
        response.write(body.subarray(0, 400_000), () => setTimeout(() => request.socket.destroy(), 20));
      else response.end(body);
    });
    expect(hash(await read(new HttpRpmSource(client(), url), 10))).toBe(hash(content.subarray(10)));
    expect(faults).toBe(6);
  });

  test('connections and slots are free again, however reading ended', async () => {
    const http = client(1);
    for (let i = 0; i < 3; i++) {
      const one = new HttpRpmSource(http, `${hub.topurl}/big.rpm`);
      await read(one, 0, undefined, 10);
      const { chunks } = await one.open(0);
      await chunks[Symbol.asyncIterator]().return?.();
      await read(one, 0, 1000, 5000);
    }
  });

  test('calling off', async () => {
    const controller = new AbortController();
    const { chunks } = await source.open(0, { expect: 100, signal: controller.signal });
    const reading = (async () => {
      for await (const chunk of chunks) {
        expect(chunk.length).toBeGreaterThan(0);
        controller.abort();
      }
    })();
    await expect(reading).rejects.toEqual(failing('stopped', /called off/));
  });
});

describe('from a server that does not know ranges', () => {
  test.each([
    ['with', { 'Content-Length': String(content.length) }],
    ['without', {}],
  ])('%s a length', async (_name, headers) => {
    const { url } = await serve((_request, response) => response.writeHead(200, headers).end(content));
    const source = new HttpRpmSource(client(), url);
    expect(hash(await read(source, 0, 1000))).toBe(hash(content));
    expect(hash(await read(source, 1_234_567, 1000))).toBe(hash(content.subarray(1_234_567)));
    expect(await read(source, content.length + 5)).toHaveLength(0);
  });
});

describe('from a server whose answers make no sense', () => {
  test.each([
    [
      'another part',
      206,
      { 'Content-Range': 'bytes 5-9/100' },
      /makes no sense: it has "bytes 5-9\/100" for byte 0/,
    ],
    ['a part of nothing', 206, { 'Content-Range': 'bytes 0--1/100' }, /has the Content-Range/],
    ['a part that ends before it begins', 206, { 'Content-Range': 'bytes 0-/100' }, /has the Content-Range/],
    ['a part without a range', 206, {}, /has the Content-Range ""/],
    ['other units', 206, { 'Content-Range': 'pages 0-1/2' }, /has the Content-Range "pages/],
    [
      'numbers beyond bounds',
      206,
      { 'Content-Range': 'bytes 0-99999999999999999999/1' },
      /has the Content-Range/,
    ],
    ['no such byte', 416, { 'Content-Range': 'bytes */100' }, /denies that byte 0 of 100 exists/],
    ['other units in its refusal', 416, { 'Content-Range': 'pages */2' }, /has the Content-Range "pages/],
    ['gzip that nobody asked for', 200, { 'Content-Encoding': 'gzip' }, /is encoded as "gzip"/],
  ])('%s', async (_name, status, headers, message) => {
    const { url } = await serve((_request, response) => response.writeHead(status, headers).end('12345'));
    const source = new HttpRpmSource(client(), url);
    await expect(read(source, 0, 5)).rejects.toEqual(failing('network', message));
  });

  test('less than it announced, again and again', async () => {
    let asked = 0;
    const { url } = await serve((_request, response) => {
      asked++;
      response.writeHead(206, { 'Content-Range': `bytes ${asked - 1}-9/10`, 'Content-Length': 1 }).end('x');
    });
    const source = new HttpRpmSource(client(), url);
    await expect(read(source, 0, 10)).rejects.toEqual(failing('network', /ends at byte 6 instead of 10/));
    expect(asked).toBe(6);
  });

  test('more than it announced', async () => {
    const { url } = await serve((_request, response) =>
      response.writeHead(206, { 'Content-Range': 'bytes 0-4/10' }).end('0123456789'),
    );
    const source = new HttpRpmSource(client(), url);
    await expect(read(source, 0, 5)).rejects.toEqual(failing('network', /more bytes came/));
  });

  test.each([{ 'Content-Range': 'bytes */100' }, {}])(
    'a size that it keeps to itself: %j',
    async (refusal) => {
      const { url } = await serve((request, response) => {
        const [, from = '', to = ''] = /bytes=(\d+)-(\d*)/.exec(request.headers.range ?? '') ?? [];
        const start = Number(from);
        if (start >= 100) response.writeHead(416, refusal).end('<h1>no more</h1>');
        else {
          const end = Math.min(99, to === '' ? 99 : Number(to));
          response
            .writeHead(206, { 'Content-Range': `bytes ${start}-${end}/*` })
            .end(content.subarray(start, end + 1));
        }
      });
      const source = new HttpRpmSource(client(), url);
      expect(hash(await read(source, 0, 10))).toBe(hash(content.subarray(0, 100)));
    },
  );
});
