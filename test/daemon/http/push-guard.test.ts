import { describe, expect, test } from '@jest/globals';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { createPushGuard } from '../../../daemon/http/push-guard.ts';
import { DarkserverError } from '../../../shared/errors.ts';

/** Servers under test listen on loopback alone, so other peers are made up. */
function refusalOf(token: string | null, remoteAddress: string | undefined): Error | undefined {
  const request = { headers: {}, socket: { remoteAddress } } as unknown as FastifyRequest;
  const reply = { header: () => reply } as unknown as FastifyReply;
  let refusal: Error | undefined;
  createPushGuard(token)(request, reply, (error) => (refusal = error));
  return refusal;
}

describe('without a token', () => {
  test.each(['127.0.0.1', '127.8.9.10', '::1', '::ffff:127.0.0.1', '::FFFF:127.0.0.1'])(
    '%s may push',
    (peer) => {
      expect(refusalOf(null, peer)).toBeUndefined();
    },
  );

  test.each([
    '192.0.2.1',
    '10.0.0.1',
    '128.0.0.1',
    '0.0.0.0',
    '::',
    '::2',
    'fe80::1',
    '::ffff:192.0.2.1',
    '2001:db8::127.0.0.1',
    '',
    'localhost',
    undefined,
  ])('%s may not', (peer) => {
    expect(refusalOf(null, peer)).toBeInstanceOf(DarkserverError);
    expect(refusalOf(null, peer)).toMatchObject({ code: 'unauthorized' });
  });
});

test('with a token, loopback alone is not enough', () => {
  expect(refusalOf('secret', '127.0.0.1')).toMatchObject({ code: 'unauthorized' });
});
