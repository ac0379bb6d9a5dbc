import { createHash, timingSafeEqual } from 'node:crypto';
import { BlockList, isIP } from 'node:net';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { DarkserverError } from '../../shared/errors.ts';

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** Headers that a reverse proxy adds. Behind one on this machine every peer in the world comes from loopback. */
const OF_A_PROXY = [
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-forwarded-port',
  'x-forwarded-server',
  'x-real-ip',
  'via',
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
  const forwarded = OF_A_PROXY.some((name) => request.headers[name] !== undefined);
  // A browser sends Origin, and a web page that it shows may make it post to this machine.
  const browser = request.headers.origin !== undefined;
  if (here && !browser && (!forwarded || isForwardedWithin(request))) return null;
  return 'without a token, builds are taken from this machine only and not through a proxy; configure push.token_file';
}

/**
 * Whether a trusted proxy says that the request comes from this machine, and has never left it: that the first
 * address of X-Forwarded-For is of loopback is not enough where other proxies are trusted too, as whoever has an
 * address of theirs may have written it.
 */
function isForwardedWithin(request: FastifyRequest): boolean {
  // The connection's address, then those forwarded, until one that is not trusted; undefined where none is.
  const addresses = request.ips ?? [];
  return addresses.length > 1 && addresses.every(isLoopback);
}

/** A socket that listens on "::" shows IPv4 peers as ::ffff:127.0.0.1, which BlockList knows for the same. */
function isLoopback(address: string): boolean {
  const version = isIP(address);
  return version !== 0 && loopback.check(address, version === 6 ? 'ipv6' : 'ipv4');
}

function sha256(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest();
}
