import http from 'node:http';
import https from 'node:https';

/** Destroys a connection that is not ready within `milliseconds`: node itself waits as long as TCP does. */
function limitConnecting(agent: http.Agent, ready: 'connect' | 'secureConnect', milliseconds: number): void {
  const connect = agent.createConnection.bind(agent);
  agent.createConnection = (options, callback) => {
    const socket = connect(options, callback);
    const timer = setTimeout(() => {
      socket?.destroy(new Error(`no connection within ${milliseconds / 1000} s`));
    }, milliseconds);
    const settled = (): void => {
      clearTimeout(timer);
    };
    socket?.once(ready, settled).once('close', settled);
    return socket;
  };
}

/** The connections to one Koji, kept open between requests. */
export interface HttpAgents {
  for(url: URL): http.Agent;
  /** Closes every connection, those in use too. */
  destroy(): void;
}

/** `connectTimeout` in milliseconds covers name resolution, TCP and TLS. */
export function createHttpAgents(maxConnections: number, connectTimeout: number): HttpAgents {
  const options = { keepAlive: true, maxFreeSockets: maxConnections };
  const plain = new http.Agent(options);
  const secure = new https.Agent(options);
  limitConnecting(plain, 'connect', connectTimeout);
  limitConnecting(secure, 'secureConnect', connectTimeout);
  return {
    for: (url) => (url.protocol === 'https:' ? secure : plain),
    destroy: () => {
      plain.destroy();
      secure.destroy();
    },
  };
}
