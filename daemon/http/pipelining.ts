import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyReply, FastifyRequest } from 'fastify';

/**
 * The requests of a connection are answered one after the other, each when its client has taken the answer before.
 * Node hands over all that one piece of 64 KiB holds at once: a thousand, whose answers would be made in one turn,
 * and be in memory until the client takes them. `begin` is for onRequest, before all others, `end` for onResponse.
 */
export function createPipeline() {
  const last = new WeakMap<Socket, ServerResponse>();
  const begin = (request: FastifyRequest, reply: FastifyReply, done: () => void): void => {
    const { socket } = request;
    const before = last.get(socket);
    last.set(socket, reply.raw);
    if (before === undefined || before.writableFinished) {
      done();
      return;
    }
    before.once('close', () => {
      // Nobody is left to be answered.
      if (!socket.destroyed) done();
    });
  };
  /** An answer has all of its request with it, too much to keep for each of ten thousand idle connections. */
  const end = ({ socket }: FastifyRequest, reply: FastifyReply, done: () => void): void => {
    if (last.get(socket) === reply.raw) last.delete(socket);
    done();
  };
  return { begin, end };
}
