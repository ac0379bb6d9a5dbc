import type { RequestListener } from 'node:http';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from '@jest/globals';
import { KojiHttp } from '../../../daemon/koji/http.ts';
import type { KojiHttpOptions } from '../../../daemon/koji/http.ts';
import type { ErrorCode } from '../../../shared/errors.ts';
import { listen } from '../../support/listen.ts';
import type { Listening } from '../../support/listen.ts';

const MAX = 1_000_000;
const closers: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

function client(options: Partial<KojiHttpOptions> = {}): KojiHttp {
  const http = new KojiHttp({
    version: '1.2.3',
    contact: 'https://example.com/darkserver',
    maxConnections: 4,
    connectTimeout: 5000,
    silenceTimeout: 5000,
    retry: { attempts: 3, firstDelay: 1, longestDelay: 1500 },
    ...options,
  });
  closers.push(() => {
    http.close();
  });
  return http;
}

async function serve(handler: RequestListener): Promise<Listening> {
  const listening = await listen(handler);
  closers.push(() => listening.close());
  return listening;
}

async function text(http: KojiHttp, url: string): Promise<string> {
  const response = await http.getFile(url, {});
  const chunks: Uint8Array[] = [];
  for await (const chunk of response.body) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

function failing(code: ErrorCode, message: RegExp): unknown {
  return expect.objectContaining({ code, message: expect.stringMatching(message) });
}

/** Waits until something that happens by itself has happened; jest's own time limit ends it if it never does. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(5);
}

describe('what is sent', () => {
  test('names the program and a contact, and asks for gzip only where the answer is decoded', async () => {
    const seen: (string | undefined)[] = [];
    const { url } = await serve((request, response) => {
      seen.push(
        request.headers['user-agent'],
        request.headers['accept-encoding'],
        request.headers['content-type'],
      );
      response.end('ok');
    });
    const http = client();
    await http.postXml(url, '<x/>', MAX);
    await text(http, url);
    const agent = 'darkserver/1.2.3 (+https://example.com/darkserver)';
    expect(seen).toEqual([agent, 'gzip', 'text/xml', agent, 'identity', undefined]);
  });

  test('one connection serves request after request', async () => {
    const listening = await serve((_request, response) => response.end('x'.repeat(100_000)));
    const http = client();
    for (let i = 0; i < 10; i++) {
      await http.postXml(listening.url, '<x/>', MAX);
      await text(http, listening.url);
    }
    expect(listening.connections().accepted).toBe(1);
  });

  test('no more requests are under way than allowed, bodies included', async () => {
    let underWay = 0;
    let most = 0;
    const { url } = await serve((_request, response) => {
      most = Math.max(most, ++underWay);
      response.on('close', () => underWay--);
      response.write('begin');
      setTimeout(() => response.end('end'), 10);
    });
    const http = client({ maxConnections: 3 });
    const answers = await Promise.all(Array.from({ length: 20 }, () => text(http, url)));
    expect(new Set(answers)).toEqual(new Set(['beginend']));
    expect(most).toBe(3);
  });
});

describe('what may pass is tried again', () => {
  test.each([500, 502, 503, 504, 429])('HTTP %i, then an answer', async (status) => {
    let asked = 0;
    const { url } = await serve((_request, response) => {
      response.statusCode = ++asked < 3 ? status : 200;
      response.end('body');
    });
    expect((await client().postXml(url, '<x/>', MAX)).toString()).toBe('body');
    expect(asked).toBe(3);
  });

  test('a server that stays broken is given up after the last attempt', async () => {
    let asked = 0;
    const { url } = await serve((_request, response) => {
      asked++;
      response.writeHead(500, { 'Content-Type': 'text/html' }).end('<h1>Internal Server Error</h1>');
    });
    await expect(client().postXml(url, '<x/>', MAX)).rejects.toEqual(failing('network', /HTTP 500$/));
    await expect(client().getFile(url, {})).rejects.toEqual(failing('network', /HTTP 500$/));
    expect(asked).toBe(6);
  });

  test.each([
    ['is waited for', 1500, 2],
    ['longer than the longest wait is not', 500, 1],
  ])('Retry-After %s', async (_name, longestDelay, attempts) => {
    let asked = 0;
    const { url } = await serve((_request, response) => {
      if (asked++ === 0) response.writeHead(503, { 'Retry-After': '1' });
      response.end();
    });
    await client({ retry: { attempts: 3, firstDelay: 1, longestDelay } })
      .postXml(url, '<x/>', MAX)
      .catch(() => undefined);
    expect(asked).toBe(attempts);
  });

  test('Retry-After of an hour is not waited for here', async () => {
    let asked = 0;
    const { url } = await serve((_request, response) => {
      asked++;
      response.writeHead(503, { 'Retry-After': new Date(Date.now() + 3_600_000).toUTCString() }).end();
    });
    const error = failing('network', /HTTP 503, asks to wait (36|35)\d\d s/);
    await expect(client().postXml(url, '<x/>', MAX)).rejects.toEqual(error);
    expect(asked).toBe(1);
  });

  test('a connection that is reset before the answer and in the middle of it', async () => {
    let asked = 0;
    const { url } = await serve((request, response) => {
      asked++;
      if (asked === 1) request.socket.resetAndDestroy();
      else if (asked === 2) {
        response.writeHead(200, { 'Content-Length': 1000 });
        response.write('some', () => request.socket.destroy());
      } else response.end('whole');
    });
    expect((await client().postXml(url, '<x/>', MAX)).toString()).toBe('whole');
    expect(asked).toBe(3);
  });

  test('a connection that the server closed while it lay idle', async () => {
    const listening = await serve((_request, response) => response.end('x'));
    const http = client();
    for (let i = 0; i < 3; i++) {
      await http.postXml(listening.url, '<x/>', MAX);
      listening.server.closeAllConnections();
    }
    expect(listening.connections().accepted).toBe(3);
  });

  test('nobody listens', async () => {
    const listening = await serve(() => undefined);
    await listening.close();
    const error = failing('network', /^http:\/\/127\.0\.0\.1:\d+\/kojihub: .*ECONNREFUSED/);
    await expect(client().postXml(`${listening.url}/kojihub`, '<x/>', MAX)).rejects.toEqual(error);
  });
});

describe('what will not pass is not tried again', () => {
  test.each([404, 403, 410])('HTTP %i for a file: it is missing', async (status) => {
    let asked = 0;
    const { url } = await serve((_request, response) => {
      asked++;
      response.writeHead(status).end('gone');
    });
    const error = failing('missing_file', new RegExp(`/a/b\\.rpm: HTTP ${status}`));
    await expect(client().getFile(`${url}/a/b.rpm`, {})).rejects.toEqual(error);
    expect(asked).toBe(1);
  });

  test('HTTP 400 for a call: what the hub said in plain text is passed on', async () => {
    let asked = 0;
    const { url } = await serve((_request, response) => {
      asked++;
      response
        .writeHead(400, { 'Content-Type': 'text/plain' })
        .end('Invalid request: syntax\0 error\r\n'.repeat(99));
    });
    const error = failing(
      'hub_protocol',
      /: HTTP 400: Invalid request: syntax error Invalid[\x20-\x7e]{100,200}$/,
    );
    await expect(client().postXml(url, '<x/>', MAX)).rejects.toEqual(error);
    expect(asked).toBe(1);
  });

  test('a hub that moved: the new address is named, the call is not sent there', async () => {
    const asked: (string | undefined)[] = [];
    const { url } = await serve((request, response) => {
      asked.push(request.url);
      response.writeHead(301, { Location: '/elsewhere' }).end();
    });
    const error = failing('network', /HTTP 301, moved to .*\/elsewhere/);
    await expect(client().postXml(`${url}/kojihub`, '<x/>', MAX)).rejects.toEqual(error);
    expect(asked).toEqual(['/kojihub']);
  });

  test('a file that moved is followed, in circles not for ever', async () => {
    let circles = 0;
    const { url } = await serve((request, response) => {
      if (request.url === '/there') response.end('found');
      else if (request.url === '/here') response.writeHead(302, { Location: '/there' }).end();
      else response.writeHead(302, { Location: `/circle${++circles}` }).end();
    });
    const http = client();
    expect(await text(http, `${url}/here`)).toBe('found');
    await expect(http.getFile(`${url}/circle`, {})).rejects.toEqual(failing('network', /redirect/));
    expect(circles).toBe(6);
  });
});

describe('time', () => {
  test('a server that takes the connection and never answers', async () => {
    const { url } = await serve(() => undefined);
    const http = client({ silenceTimeout: 50 });
    await expect(http.postXml(url, '<x/>', MAX)).rejects.toEqual(failing('network', /no answer for 0\.05 s/));
    await expect(http.getFile(url, {})).rejects.toEqual(failing('network', /no answer for 0\.05 s/));
  });

  test('a server that stops in the middle of an answer', async () => {
    const listening = await serve((_request, response) => {
      response.writeHead(200, { 'Content-Length': 1_000_000 });
      response.write('x'.repeat(1000));
    });
    const http = client({ silenceTimeout: 50 });
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
    expect(await text(client({ silenceTimeout: 300 }), url)).toHaveLength(20);
  });

  test('time that the reader takes is not the silence of the server', async () => {
    const { url } = await serve((_request, response) => response.end(Buffer.alloc(2_000_000)));
    const response = await client({ silenceTimeout: 100 }).getFile(url, {});
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
      closers.unshift(() => void socket.destroy());
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closers.push(() => void server.close());
    const { port } = server.address() as AddressInfo;
    const error = failing('network', /no connection within 0\.05 s/);
    await expect(client({ connectTimeout: 50 }).getFile(`https://127.0.0.1:${port}/`, {})).rejects.toEqual(
      error,
    );
  });
});

describe('calling off', () => {
  test('before it begins, while it waits for a slot, for headers, for a body, between attempts', async () => {
    const { url } = await serve((request, response) => {
      if (request.url === '/body') response.writeHead(200, { 'Content-Length': 10 }).flushHeaders();
      if (request.url === '/busy') response.writeHead(503).end();
    });
    const http = client({
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
    await expect(client().postXml(listening.url, '<x/>', MAX)).rejects.toEqual(error);
    await until(() => listening.connections().open === 0);
  });

  test('gzip is undone, a bomb is not', async () => {
    const { url } = await serve((request, response) => {
      response.writeHead(200, { 'Content-Encoding': 'gzip' });
      response.end(gzipSync(request.url === '/bomb' ? Buffer.alloc(50_000_000) : 'small'));
    });
    expect((await client().postXml(url, '<x/>', MAX)).toString()).toBe('small');
    const error = failing('hub_protocol', /larger than 1000000 bytes/);
    await expect(client().postXml(`${url}/bomb`, '<x/>', MAX)).rejects.toEqual(error);
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
    await expect(client().postXml(url, '<x/>', MAX)).rejects.toEqual(failing(code, message));
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
    const http = client({ maxConnections: 1 });
    for (let i = 0; i < 5; i++) await readOne(http, listening.url);
    expect(listening.connections().accepted).toBe(1);
  });

  test('closes it when much is left, and the slot is free again', async () => {
    const listening = await serve((_request, response) => response.end(Buffer.alloc(50_000_000)));
    const http = client({ maxConnections: 1 });
    for (let i = 0; i < 5; i++) await readOne(http, listening.url);
    expect(listening.connections().accepted).toBe(5);
    await until(() => listening.connections().open === 0);
  });

  test('does not wait for long for what it does not want', async () => {
    const listening = await serve((_request, response) => {
      response.writeHead(200, { 'Content-Length': 100 });
      response.write('x');
    });
    await readOne(client(), listening.url);
    await until(() => listening.connections().open === 0);
  });
});
