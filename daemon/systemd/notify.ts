import { execFile } from 'node:child_process';
import { toDarkserverError } from '../../shared/errors.ts';
import type { Log } from '../log.ts';

/** A notification that takes longer is given up: the manager's own time limits decide then. */
const SEND_MILLISECONDS = 20_000;

/** The watchdog is fed this often within its time, so that one late answer does not end the daemon. */
const FEEDS = 3;

interface ServiceOptions {
  /** NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID as systemd sets them: sd_notify(3), sd_watchdog_enabled(3). */
  readonly environment: NodeJS.ProcessEnv;
  readonly log: Log;
}

/**
 * Tells the manager that started this process how it is: systemd, or whatever else speaks its protocol.
 * Without a manager that wants to know, nothing happens.
 *
 * The protocol is a datagram to a socket of the file system. Node has no such sockets, and the packages that
 * add them are compiled ones; so systemd's own program sends them, which is there wherever systemd is. The unit
 * needs NotifyAccess=all for that, and systemd 246 or later, whose systemd-notify stays until it was heard.
 */
export class Service {
  readonly #environment: NodeJS.ProcessEnv;
  readonly #log: Log;
  #timer: NodeJS.Timeout | null = null;
  #isStopping = false;
  /** What is sent goes one after the other: READY must not come after STOPPING. */
  #sending: Promise<void> = Promise.resolve();

  constructor({ environment, log }: ServiceOptions) {
    this.#environment = environment;
    this.#log = log;
  }

  /**
   * The daemon answers. From now on the watchdog is fed, where there is one, as long as `lives` says so within
   * the time of the watchdog.
   */
  async ready(status: string, lives: () => Promise<boolean>): Promise<void> {
    await this.#send('READY=1', `STATUS=${status}`);
    const { WATCHDOG_USEC: micros = '', WATCHDOG_PID: pid } = this.#environment;
    const isForUs = pid === undefined || Number(pid) === process.pid;
    if (this.#isStopping || !isForUs || !/^[1-9]\d*$/.test(micros)) return;
    this.#feedEvery(Number(micros) / 1000 / FEEDS, lives);
  }

  /** The daemon finishes what is in hand. A watchdog does not watch over that. */
  async stopping(): Promise<void> {
    this.#isStopping = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#send('STOPPING=1', 'STATUS=finishing what is in hand');
  }

  #feedEvery(milliseconds: number, lives: () => Promise<boolean>): void {
    const feed = async (): Promise<void> => {
      if (await lives().catch(() => false)) await this.#send('WATCHDOG=1');
      else if (!this.#isStopping)
        this.#log.error('the watchdog is not fed: the daemon does not answer itself');
      if (!this.#isStopping) this.#timer = setTimeout(() => void feed(), milliseconds).unref();
    };
    this.#timer = setTimeout(() => void feed(), milliseconds).unref();
  }

  #send(...assignments: string[]): Promise<void> {
    if (!this.#environment['NOTIFY_SOCKET']) return Promise.resolve();
    this.#sending = this.#sending.then(() => this.#run(assignments));
    return this.#sending;
  }

  #run(assignments: readonly string[]): Promise<void> {
    return new Promise((resolve) => {
      const options = { env: this.#environment, timeout: SEND_MILLISECONDS };
      execFile('systemd-notify', [...assignments], options, (error) => {
        if (error !== null) {
          const { message } = toDarkserverError(error);
          this.#log.error(
            `cannot tell the service manager ${assignments[0] ?? ''}: ${message.trim()}; is systemd-notify installed?`,
          );
        }
        resolve();
      });
    });
  }
}
