import { expect, test } from '@jest/globals';
import { isLocalAddress, localHosts } from '../../../daemon/koji/local-addresses.ts';
import { openMirrorHttp } from '../../../daemon/kojis.ts';
import { afterTest } from '../../support/after-test.ts';
import { failing, openKojiHttp, serve } from '../../support/koji-http.ts';

test.each([
  ...['127.0.0.1', '127.9.9.9', '0.0.0.0', '169.254.169.254', '::1', '::', 'fe80::1', '::ffff:127.0.0.1'],
  '::ffff:169.254.1.1',
])('%s is local', (address) => {
  expect(isLocalAddress(address)).toBe(true);
});

test.each([
  '192.0.2.1',
  '10.0.0.1',
  '192.168.1.1',
  '2001:db8::1',
  'fd00::1',
  '::ffff:10.0.0.1',
  '',
  'localhost',
])('"%s" is not', (address) => {
  expect(isLocalAddress(address)).toBe(false);
});

test('the hosts that were configured may be local, and all where one of them is by its name', () => {
  const named = localHosts(['https://mirror.example/x', 'http://koji.internal:8080']);
  expect(['mirror.example', 'koji.internal', 'localhost', '127.0.0.1'].map(named)).toEqual([
    ...[true, true, false, false],
  ]);
  for (const url of ['http://127.0.0.1:1/x', 'http://localhost', 'http://[::1]/', 'http://a.localhost/'])
    expect(localHosts(['https://mirror.example', url])('anything.example')).toBe(true);
  expect(localHosts([])('localhost')).toBe(false);
});

test('not a byte is sent to a local address that something else has led to', async () => {
  const requests: string[] = [];
  const server = await serve((request, response) => {
    requests.push(request.url ?? '');
    response.writeHead(302, { location: server.url.replace('127.0.0.1', 'localhost') }).end();
  });
  const { url } = server;
  const refused = failing(
    'network',
    /is at (::1|127\.0\.0\.1), where only a host of the configuration may be/,
  );
  const none = openKojiHttp({ mayBeLocal: () => false });
  await expect(none.getFile(`${url}/direct`, {})).rejects.toEqual(refused);
  const one = openKojiHttp({ mayBeLocal: (host) => host === '127.0.0.1' });
  await expect(one.getFile(`${url}/moved`, {})).rejects.toEqual(refused);
  expect(new Set(requests)).toEqual(new Set(['/moved']));
  expect(server.connections().accepted).toBeGreaterThan(0);
  const mirror = openMirrorHttp('https://mirrors.example/metalink?repo=x');
  afterTest(() => {
    mirror.close();
  });
  await expect(mirror.getFile(`${url}/listed`, {})).rejects.toEqual(refused);
  expect(requests).not.toContain('/listed');
});
