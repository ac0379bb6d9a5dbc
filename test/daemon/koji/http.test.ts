import { describe, expect, test } from '@jest/globals';
import type { KojiHttp } from '../../../daemon/koji/http.ts';
import { failing, openKojiHttp, serve } from '../../support/koji-http.ts';

const MAX = 1_000_000;

async function text(http: KojiHttp, url: string): Promise<string> {
  const response = await http.getFile(url, {});
  const chunks: Uint8Array[] = [];
  for await (const chunk of response.body) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
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
    const http = openKojiHttp();
    await http.postXml(url, '<x/>', MAX);
    await text(http, url);
    const agent = 'darkserver/1.2.3 (+https://example.com/darkserver)';
    expect(seen).toEqual([agent, 'gzip', 'text/xml', agent, 'identity', undefined]);
  });

  test('one connection serves request after request', async () => {
    const listening = await serve((_request, response) => response.end('x'.repeat(100_000)));
    const http = openKojiHttp();
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
    const http = openKojiHttp({ maxConnections: 3 });
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
    expect((await openKojiHttp().postXml(url, '<x/>', MAX)).toString()).toBe('body');
    expect(asked).toBe(3);
  });

  test('a server that stays broken is given up after the last attempt', async () => {
    let asked = 0;
    const { url } = await serve((_request, response) => {
      asked++;
      response.writeHead(500, { 'Content-Type': 'text/html' }).end('<h1>Internal Server Error</h1>');
    });
    await expect(openKojiHttp().postXml(url, '<x/>', MAX)).rejects.toEqual(failing('network', /HTTP 500$/));
    await expect(openKojiHttp().getFile(url, {})).rejects.toEqual(failing('network', /HTTP 500$/));
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
    await openKojiHttp({ retry: { attempts: 3, firstDelay: 1, longestDelay } })
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
    await expect(openKojiHttp().postXml(url, '<x/>', MAX)).rejects.toEqual(error);
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
    expect((await openKojiHttp().postXml(url, '<x/>', MAX)).toString()).toBe('whole');
    expect(asked).toBe(3);
  });

  test('a connection that the server closed while it lay idle', async () => {
    const listening = await serve((_request, response) => response.end('x'));
    const http = openKojiHttp();
    for (let i = 0; i < 3; i++) {
      await http.postXml(listening.url, '<x/>', MAX);
      listening.server.closeAllConnections();
    }
    expect(listening.connections().accepted).toBe(3);
  });

  test('nobody listens', async () => {
    const listening = await serve(() => undefined);
    await listening.close();
    const error = failing('network', /^http:\/\/127\.0\.0\.1:\d+\/kojihub: connect ECONNREFUSED/);
    await expect(openKojiHttp().postXml(`${listening.url}/kojihub`, '<x/>', MAX)).rejects.toEqual(error);
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
    await expect(openKojiHttp().getFile(`${url}/a/b.rpm`, {})).rejects.toEqual(error);
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
    await expect(openKojiHttp().postXml(url, '<x/>', MAX)).rejects.toEqual(error);
    expect(asked).toBe(1);
  });

  test('a hub that moved: the new address is named, the call is not sent there', async () => {
    const asked: (string | undefined)[] = [];
    const { url } = await serve((request, response) => {
      asked.push(request.url);
      response.writeHead(301, { Location: '/elsewhere' }).end();
    });
    const error = failing('network', /HTTP 301, moved to .*\/elsewhere/);
    await expect(openKojiHttp().postXml(`${url}/kojihub`, '<x/>', MAX)).rejects.toEqual(error);
    expect(asked).toEqual(['/kojihub']);
  });

  test('a file that moved is followed, in circles not for ever', async () => {
    let circles = 0;
    const { url } = await serve((request, response) => {
      if (request.url === '/there') response.end('found');
      else if (request.url === '/here') response.writeHead(302, { Location: '/there' }).end();
      else response.writeHead(302, { Location: `/circle${++circles}` }).end();
    });
    const http = openKojiHttp();
    expect(await text(http, `${url}/here`)).toBe('found');
    await expect(http.getFile(`${url}/circle`, {})).rejects.toEqual(failing('network', /redirect/));
    expect(circles).toBe(6);
  });
});

describe('whether a file is there', () => {
  test('is asked without its bytes, over one connection, however large it is', async () => {
    const methods = new Set<string | undefined>();
    const listening = await serve((request, response) => {
      methods.add(request.method);
      if (request.url === '/large') response.setHeader('Content-Length', 5_000_000_000);
      response.end();
    });
    const http = openKojiHttp();
    for (let i = 0; i < 5; i++) {
      expect(await http.headFile(`${listening.url}/large`)).toEqual({ size: 5_000_000_000 });
    }
    expect(await http.headFile(`${listening.url}/unsaid`)).toEqual({ size: null });
    expect(methods).toEqual(new Set(['HEAD']));
    expect(listening.connections().accepted).toBe(1);
  });

  test.each([404, 410, 403])('HTTP %i: it is not', async (status) => {
    const { url } = await serve((_request, response) => response.writeHead(status).end());
    expect(await openKojiHttp().headFile(url)).toBeNull();
  });

  test('is not known of a server in trouble, nor of one that does not say', async () => {
    let asked = 0;
    const { url } = await serve((request, response) => {
      asked++;
      response.writeHead(request.url === '/405' ? 405 : 503).end();
    });
    await expect(openKojiHttp().headFile(url)).rejects.toEqual(failing('network', /: HTTP 503/));
    expect(asked).toBe(3);
    await expect(openKojiHttp().headFile(`${url}/405`)).rejects.toEqual(failing('network', /: HTTP 405$/));
    expect(asked).toBe(4);
  });
});

test('a name that nobody knows may be known later', async () => {
  // .invalid is promised to be nobody's (RFC 2606).
  const url = 'http://koji.invalid/kojihub';
  const error = failing('network', /^http:\/\/koji\.invalid\/kojihub: .*(?:ENOTFOUND|EAI_AGAIN)/);
  await expect(openKojiHttp().postXml(url, '<x/>', MAX)).rejects.toEqual(error);
});

describe('a Koji in trouble', () => {
  test('that names a time is asked nothing by anybody before it is over', async () => {
    const asked: number[] = [];
    const { url } = await serve((_request, response) => {
      asked.push(performance.now());
      if (asked.length === 1) response.writeHead(503, { 'retry-after': '1' });
      response.end('body');
    });
    const http = openKojiHttp();
    await Promise.all([http.postXml(url, '<x/>', MAX), ...Array.from({ length: 5 }, () => text(http, url))]);
    const [first = 0, ...others] = asked;
    // Three may have been under way with the one that was refused.
    const later = others.filter((time) => time - first >= 950);
    expect(later.length).toBeGreaterThanOrEqual(3);
    expect(others.filter((time) => time - first > 100 && time - first < 950)).toEqual([]);
  });

  test('that asks for more patience than there is fails what is asked of it, without being asked', async () => {
    let asked = 0;
    const { url } = await serve((_request, response) => {
      asked++;
      response.writeHead(429, { 'retry-after': '600' }).end();
    });
    const http = openKojiHttp();
    await expect(http.postXml(url, '<x/>', MAX)).rejects.toEqual(failing('network', /HTTP 429/));
    const error = failing('network', /not asked for another (600|599) s, because of .* HTTP 429$/);
    await expect(text(http, url)).rejects.toEqual(error);
    expect(asked).toBe(1);
    expect(http.rest).toBeGreaterThan(500_000);
  });

  test('a body comes no faster than is allowed', async () => {
    const { url } = await serve((_request, response) => response.end('x'.repeat(300_000)));
    const http = openKojiHttp({ maxBytesPerSecond: 200_000 });
    const began = performance.now();
    expect(await text(http, url)).toHaveLength(300_000);
    expect(performance.now() - began).toBeGreaterThan(400);
  });
});
