import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { DARKSERVER } from './darkserver-index.ts';

export interface LoneDaemon {
  readonly pid: number;
  readonly url: string;
  close(): Promise<unknown>;
}

/** Of a hub that nobody listens for: only look-ups are measured. The files' addresses are as long as any. */
const ENVIRONMENT = {
  DARKSERVER_KOJI_HUB: 'http://127.0.0.1:9/kojihub',
  DARKSERVER_KOJI_TOPURL: 'https://kojipkgs.example',
  DARKSERVER_KOJI_WEB: 'https://koji.example/koji',
  DARKSERVER_LOG_LEVEL: 'error',
};

/** `darkserver serve` as it is installed, over this database and with no Koji. */
export async function startLoneDaemon(database: string): Promise<LoneDaemon> {
  const child = spawn(DARKSERVER, ['--database', database, 'serve', '--listen', '127.0.0.1:0'], {
    env: { ...process.env, ...ENVIRONMENT },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  for await (const line of createInterface({ input: child.stdout })) {
    const [, url] = /^listening on (\S+)$/.exec(line) ?? [];
    if (url !== undefined) return { pid: child.pid ?? 0, url, close: () => (child.kill(), ended) };
  }
  throw new Error('the daemon ended before it listened');
}
