import { constants } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { DarkserverError } from '../../shared/errors.ts';

/** Milliseconds that stopping now may take; nothing is lost by less. */
const NOW = 3_000;

export interface StopActions {
  /** Tells that the work in hand is finished first. */
  readonly first: () => void;
  /** Calls off what is in hand, in as little time as it takes to say so. */
  readonly now: () => Promise<void>;
}

/**
 * Aborted by the first SIGTERM or SIGINT, so that what is in hand is finished. The second calls that off
 * and ends the process, with the exit code that shells give to a program which was killed by it; the third
 * does not wait for anything.
 */
export function stopSignal({ first, now }: StopActions): AbortSignal {
  const controller = new AbortController();
  let leaving = false;
  const onSignal = (name: NodeJS.Signals): void => {
    const leave = (): void => process.exit(128 + constants.signals[name]);
    if (leaving) leave();
    else if (controller.signal.aborted) {
      leaving = true;
      void Promise.race([now(), sleep(NOW)]).then(leave, leave);
    } else {
      first();
      controller.abort(new DarkserverError('stopped', `stopped by ${name}`));
    }
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  return controller.signal;
}

export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else
      signal.addEventListener('abort', () => {
        resolve();
      });
  });
}
