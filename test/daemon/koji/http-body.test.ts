import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import type { KojiHttp } from '../../../daemon/koji/http.ts';
import { afterTest } from '../../support/after-test.ts';
import { failing, openKojiHttp, serve } from '../../support/koji-http.ts';

const MAX = 1_000_000;

async function text(http: KojiHttp, url: string): Promise<string> {
  const response = await http.getFile(url, {});
  const chunks: Uint8Array[] = [];
  for await (const chunk of response.body) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

/** Waits until something that happens by itself has happened; jest's own time limit ends it if it never does. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(5);
}

describe('time', () => {
  test('a server that takes the connection and never answers', async () => {
    const { url } = await serve(() => undefined);
    const http = openKojiHttp({ silenceTimeout: 50 });
    await expect(http.postXml(url, '<x/>', MAX)).rejects.toEqual(failing('network', /no answer for 0\.05 s/));
    await expect(http.getFile(url, {})).rejects.toEqual(failing('network', /no answer for 0\.05 s/));
  });

  test('a server that stops in the middle of an answer', async () => {
    const listening = await serve((_request, response) => {
      response.writeHead(200, { 'Content-Length': 1_000_000 });
      response.write('x'.repeat(1000));
    });
    const http = openKojiHttp({ silenceTimeout: 50 });
    await expect(http.postXml(listening.url, '<x/>', MAX)).rejects.toEqual(
      failing('network', /no bytes for 0\.05 s/),
    );
    await expect(text(http, listening.url)).rejects.toEqual(failing('network', /no bytes for 0\.05 s/));
    await until(() => listening.connections().open === 0);
  });

  test('a server that drips is slow, not silent', async () => {
    const { url } = await serve((_request, response) => {
      let left = 20;
      const timer = setInterval(() => {
        if (left-- > 0) response.write('.');
        else {
          clearInterval(timer);
          response.end();
        }
      }, 20);
    });
    expect(await text(openKojiHttp({ silenceTimeout: 300 }), url)).toHaveLength(20);
  });

  test('time that the reader takes is not the silence of the server', async () => {
    const { url } = await serve((_request, response) => response.end(Buffer.alloc(2_000_000)));
    const response = await openKojiHttp({ silenceTimeout: 100 }).getFile(url, {});
    let size = 0;
    for await (const chunk of response.body) {
      if (size === 0) await sleep(300);
      size += chunk.length;
    }
    expect(size).toBe(2_000_000);
  });

  test('a connection that never becomes ready', async () => {
    // TLS is begun with a server that never says a word.
    const server = createServer((socket) => {
      afterTest(() => socket.destroy());
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    afterTest(() => server.close());
    const { port } = server.address() as AddressInfo;
    const error = failing('network', /no connection within 0\.05 s/);
    await expect(
      openKojiHttp({ connectTimeout: 50 }).getFile(`https://127.0.0.1:${port}/`, {}),
    ).rejects.toEqual(error);
  });
});

describe('calling off', () => {
  test('before it begins, while it waits for a slot, for headers, for a body, between attempts', async () => {
    const { url } = await serve((request, response) => {
      if (request.url === '/body') response.writeHead(200, { 'Content-Length': 10 }).flushHeaders();
      if (request.url === '/busy') response.writeHead(503).end();
    });
    const http = openKojiHttp({
      maxConnections: 1,
      retry: { attempts: 9, firstDelay: 60_000, longestDelay: 60_000 },
    });
    const stopped = failing('stopped', /called off/);
    await expect(http.getFile(url, {}, AbortSignal.abort())).rejects.toEqual(stopped);

    const headers = new AbortController();
    const waitsForHeaders = expect(http.getFile(`${url}/headers`, {}, headers.signal)).rejects.toEqual(
      stopped,
    );
    const slot = new AbortController();
    const waitsForSlot = expect(http.getFile(`${url}/slot`, {}, slot.signal)).rejects.toEqual(stopped);
    slot.abort();
    await waitsForSlot;
    headers.abort();
    await waitsForHeaders;

    const reading = new AbortController();
    const response = await http.getFile(`${url}/body`, {}, reading.signal);
    const read = (async () => {
      for await (const chunk of response.body) expect(chunk).toBeDefined();
    })();
    setTimeout(() => {
      reading.abort();
    }, 20);
    await expect(read).rejects.toEqual(stopped);

    const waiting = new AbortController();
    setTimeout(() => {
      waiting.abort();
    }, 50);
    await expect(http.getFile(`${url}/busy`, {}, waiting.signal)).rejects.toEqual(stopped);
  });
});

describe('size', () => {
  test('an answer without end is cut at the bound', async () => {
    const listening = await serve((_request, response) => {
      const more = (): void => {
        while (response.write(Buffer.alloc(100_000)));
      };
      response.on('drain', more);
      more();
    });
    const error = failing('hub_protocol', /larger than 1000000 bytes/);
    await expect(openKojiHttp().postXml(listening.url, '<x/>', MAX)).rejects.toEqual(error);
    await until(() => listening.connections().open === 0);
  });

  test('gzip is undone, a bomb is not', async () => {
    const { url } = await serve((request, response) => {
      response.writeHead(200, { 'Content-Encoding': 'gzip' });
      response.end(gzipSync(request.url === '/bomb' ? Buffer.alloc(50_000_000) : 'small'));
    });
    expect((await openKojiHttp().postXml(url, '<x/>', MAX)).toString()).toBe('small');
    const error = failing('hub_protocol', /larger than 1000000 bytes/);
    await expect(openKojiHttp().postXml(`${url}/bomb`, '<x/>', MAX)).rejects.toEqual(error);
  });

  test.each([
    [
      'gzip that ends early',
      'gzip',
      gzipSync('some text').subarray(0, 20),
      'network' as const,
      /damaged gzip/,
    ],
    ['gzip that is none', 'gzip', Buffer.from('plain'), 'network' as const, /damaged gzip/],
    ['an encoding that was not asked for', 'br', Buffer.from('x'), 'hub_protocol' as const, /"br"/],
  ])('%s', async (_name, encoding, body, code, message) => {
    const { url } = await serve((_request, response) =>
      response.writeHead(200, { 'Content-Encoding': encoding }).end(body),
    );
    await expect(openKojiHttp().postXml(url, '<x/>', MAX)).rejects.toEqual(failing(code, message));
  });
});

describe('a reader that stops', () => {
  async function readOne(http: KojiHttp, url: string): Promise<void> {
    const response = await http.getFile(url, {});
    for await (const chunk of response.body) {
      expect(chunk.length).toBeGreaterThan(0);
      break;
    }
  }

  test('keeps the connection when little is left', async () => {
    const listening = await serve((_request, response) => {
      response.writeHead(200, { 'Content-Length': 60_000 });
      response.write('x');
      setTimeout(() => response.end('x'.repeat(59_999)), 5);
    });
    const http = openKojiHttp({ maxConnections: 1 });
    for (let i = 0; i < 5; i++) await readOne(http, listening.url);
    expect(listening.connections().accepted).toBe(1);
  });

  test('closes it when much is left, and the slot is free again', async () => {
    const listening = await serve((_request, response) => response.end(Buffer.alloc(50_000_000)));
    const http = openKojiHttp({ maxConnections: 1 });
    for (let i = 0; i < 5; i++) await readOne(http, listening.url);
    expect(listening.connections().accepted).toBe(5);
    await until(() => listening.connections().open === 0);
  });

  test('does not wait for long for what it does not want', async () => {
    const listening = await serve((_request, response) => {
      response.writeHead(200, { 'Content-Length': 100 });
      response.write('x');
    });
    await readOne(openKojiHttp(), listening.url);
    await until(() => listening.connections().open === 0);
  });
});
