import http from 'node:http';
import https from 'node:https';
import { type MayBeLocal, isLocalAddress } from './local-addresses.ts';

interface ConnectionLimits {
  /** For name resolution, TCP and TLS. */
  readonly milliseconds: number;
  readonly mayBeLocal: MayBeLocal;
}

/**
 * Destroys a connection that is not ready in time, as node itself waits as long as TCP does, and one to a local
 * address before a byte is sent, if its host must not be there.
 */
function limitConnecting(
  agent: http.Agent,
  ready: 'connect' | 'secureConnect',
  { milliseconds, mayBeLocal }: ConnectionLimits,
): void {
  const connect = agent.createConnection.bind(agent);
  agent.createConnection = (options, callback) => {
    const socket = connect(options, callback);
    const timer = setTimeout(() => {
      socket?.destroy(new Error(`no connection within ${milliseconds / 1000} s`));
    }, milliseconds);
    const settled = (): void => {
      clearTimeout(timer);
    };
    // What was resolved is not what counts: the next answer for the same name may be another.
    socket?.once('connect', () => {
      const [host, address] = [
        options.host ?? '',
        'remoteAddress' in socket ? socket.remoteAddress : undefined,
      ];
      if (typeof address !== 'string' || !isLocalAddress(address) || mayBeLocal(host)) return;
      socket.destroy(new Error(`${host} is at ${address}, where only a host of the configuration may be`));
    });
    socket?.once(ready, settled).once('close', settled);
    return socket;
  };
}

/** The connections to one Koji, kept open between requests. */
export interface HttpAgents {
  readonly for: (url: URL) => http.Agent;
  /** Closes every connection, those in use too. */
  destroy(): void;
}

export interface HttpAgentsOptions {
  /** Any if left out. */
  readonly mayBeLocal?: MayBeLocal | undefined;
  /** Milliseconds for which a connection is kept that nobody uses; as long as the server does if left out. */
  readonly idleTimeout?: number;
}

/** `connectTimeout` in milliseconds covers name resolution, TCP and TLS. */
export function createHttpAgents(
  maxConnections: number,
  connectTimeout: number,
  { mayBeLocal = () => true, idleTimeout }: HttpAgentsOptions = {},
): HttpAgents {
  const options = {
    ...{ keepAlive: true, maxFreeSockets: maxConnections },
    ...(idleTimeout !== undefined && { timeout: idleTimeout }),
  };
  const plain = new http.Agent(options);
  const secure = new https.Agent(options);
  limitConnecting(plain, 'connect', { milliseconds: connectTimeout, mayBeLocal });
  limitConnecting(secure, 'secureConnect', { milliseconds: connectTimeout, mayBeLocal });
  return {
    for: (url) => (url.protocol === 'https:' ? secure : plain),
    destroy: () => {
      plain.destroy();
      secure.destroy();
    },
  };
}
