import { isIP } from 'node:net';
import type { FastifyRequest } from 'fastify';

/**
 * The address that a request came from: its connection's, or the last one in X-Forwarded-For that is no trusted
 * proxy's. What a proxy wrote there and is no address ("unknown") leaves the connection's.
 */
export function clientAddress(request: FastifyRequest): string {
  const address = withoutPort(request.ip);
  return isIP(address) === 0 ? (request.socket.remoteAddress ?? '') : address;
}

/** Some proxies write "192.0.2.7:4711" or "[2001:db8::7]:4711": without this each connection is a client of its own. */
function withoutPort(text: string): string {
  return /^\[([^\]]+)\](?::\d+)?$/.exec(text)?.[1] ?? /^([\d.]+):\d+$/.exec(text)?.[1] ?? text;
}
