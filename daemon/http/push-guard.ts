import { createHash, timingSafeEqual } from 'node:crypto';
import { BlockList } from 'node:net';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { DarkserverError } from '../../shared/errors.ts';

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/**
 * Headers that no hub sends. All but the last are added by a reverse proxy, and behind one on this
 * machine every peer in the world comes from loopback. A browser sends Origin, and a web page that it
 * shows may make it post to this machine.
 */
const NOT_FROM_A_HUB = [
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-forwarded-port',
  'x-forwarded-server',
  'x-real-ip',
  'via',
  'origin',
];

/**
 * onRequest of the push route, before a byte of the body is read: with a token, who does not present it
 * is refused; without one, who is not on this machine. Throws `unauthorized`.
 */
export function createPushGuard(token: string | null) {
  const refuse = token === null ? refuseUnlessLocal : refuseUnlessBearerOf(Buffer.from(token, 'utf8'));
  return (request: FastifyRequest, reply: FastifyReply, done: (error?: Error) => void): void => {
    const refusal = refuse(request);
    if (refusal === null) {
      done();
      return;
    }
    void reply.header('www-authenticate', 'Bearer');
    done(new DarkserverError('unauthorized', refusal));
  };
}

function refuseUnlessBearerOf(token: Buffer): (request: FastifyRequest) => string | null {
  const expected = sha256(token);
  return (request) => {
    // Node reads header lines as Latin-1; this gives the bytes back as they came.
    const [, given] = /^bearer +(\S+) *$/i.exec(request.headers.authorization ?? '') ?? [];
    if (given === undefined) return 'send the push token as Authorization: Bearer TOKEN';
    // Digests have one length, so that the comparison tells nothing of the token's.
    return timingSafeEqual(sha256(Buffer.from(given, 'latin1')), expected)
      ? null
      : 'this is not the push token of the configuration (push.token_file)';
  };
}

function refuseUnlessLocal(request: FastifyRequest): string | null {
  const here = isLoopback(request.socket.remoteAddress ?? '');
  const forwarded = NOT_FROM_A_HUB.some((name) => request.headers[name] !== undefined);
  if (here && !forwarded) return null;
  return 'without a token, builds are taken from this machine only and not through a proxy; configure push.token_file';
}

/** A socket that listens on "::" shows IPv4 peers as ::ffff:127.0.0.1, which BlockList knows for the same. */
function isLoopback(address: string): boolean {
  return loopback.check(address, address.includes(':') ? 'ipv6' : 'ipv4');
}

function sha256(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest();
}
