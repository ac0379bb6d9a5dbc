import { expect, test } from '@jest/globals';
import type { RequestListener } from 'node:http';
import { answersItself } from '../../../daemon/http/self-check.ts';
import { afterTest } from '../../support/after-test.ts';
import { listen } from '../../support/listen.ts';

async function urlOf(handler: RequestListener): Promise<string> {
  const server = await listen(handler);
  afterTest(() => server.close());
  return server.url;
}

test('a server that answers 200 does, whatever else it says', async () => {
  const asked: (string | undefined)[] = [];
  const url = await urlOf((request, response) => {
    asked.push(request.url);
    response.end('ok');
  });
  expect(await answersItself(url)).toBe(true);
  expect(asked).toEqual(['/healthz']);
});

test.each<[string, RequestListener]>([
  ['answers with an error', (_, response) => response.writeHead(503).end()],
  ['never answers', () => undefined],
  ['hangs up', (request) => request.socket.destroy()],
])('a server that %s does not', async (_, handler) => {
  expect(await answersItself(await urlOf(handler), 200)).toBe(false);
});

test('a server that is not there does not', async () => {
  expect(await answersItself('http://127.0.0.1:1')).toBe(false);
});
