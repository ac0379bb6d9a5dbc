import type { KojiConfig } from '../config/types.ts';
import { type HttpAgents, createHttpAgents } from './http-agents.ts';
import { localHosts } from './local-addresses.ts';

/** Milliseconds for a connection, and connections that are kept. */
const CONNECT_TIMEOUT = 5_000;
const KEPT = 16;

/** Milliseconds: servers are as many as mirrors care to list, and some would keep a connection for ever. */
const IDLE_TIMEOUT = 5_000;

/** Connections to where URLs of answers lead, some of which mirrors list. */
export function createAnswerAgents(
  kojis: readonly Pick<KojiConfig, 'topurl' | 'retrace' | 'repositories'>[],
  idleTimeout = IDLE_TIMEOUT,
): HttpAgents {
  const configured = kojis.flatMap(({ topurl, retrace, repositories }) => [
    topurl,
    ...(retrace === null ? [] : [retrace]),
    ...repositories.map(({ source }) => source.url),
  ]);
  return createHttpAgents(KEPT, CONNECT_TIMEOUT, { mayBeLocal: localHosts(configured), idleTimeout });
}
