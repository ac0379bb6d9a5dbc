import { setTimeout as sleep } from 'node:timers/promises';
import { type StatusAnswer, statusAnswer } from '../../shared/api.ts';
import { type RunningDarkserver, startDarkserver } from './darkserver.ts';

/** Milliseconds between two looks whether a daemon has done what a test waits for. */
const LOOK = 50;

export interface Serving extends RunningDarkserver {
  readonly url: string;
}

/** Starts `darkserver serve` on a free port of loopback, and resolves when it answers. */
export async function startServing(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
  within: readonly string[] = [],
): Promise<Serving> {
  const running = startDarkserver([...args, 'serve', '--listen', '127.0.0.1:0'], { environment, within });
  const [, url = ''] = await running.printed('stdout', /^listening on (\S+)$/m);
  return { ...running, url };
}

/**
 * Milliseconds that an answer may take. Node's fetch has been seen never to settle when the server was killed
 * while it connected.
 */
const ANSWER = 20_000;

/** Announces builds as the plugin does; resolves with the answer's status, rejects where there is none. */
export async function push(url: string, instance: string, kojiBuildIds: readonly number[]): Promise<number> {
  const answer = fetch(`${url}/push`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ instance, koji_build_ids: kojiBuildIds }),
  }).then(async (response) => {
    await response.arrayBuffer();
    return response.status;
  });
  // A timer of our own: a signal reaches only what fetch still remembers.
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`no answer from ${url} in ${ANSWER / 1000} s`));
    }, ANSWER);
  });
  return Promise.race([answer, late]).finally(() => {
    clearTimeout(timer);
  });
}

export async function statusOf(url: string): Promise<StatusAnswer> {
  return statusAnswer.parse(await (await fetch(`${url}/api/v1/status`)).json());
}

/** Resolves with the status once nothing is queued or running. Rejects after `patience` milliseconds. */
export async function untilIdle(url: string, patience = 30_000): Promise<StatusAnswer> {
  const end = performance.now() + patience;
  for (;;) {
    const status = await statusOf(url);
    if (status.queue.queued === 0 && status.queue.running === 0) return status;
    if (performance.now() > end) throw new Error(`still at work: ${JSON.stringify(status.queue)}`);
    await sleep(LOOK);
  }
}
