import { type Command, InvalidArgumentError } from 'commander';
import { EXIT } from '../../shared/errors.ts';
import { exits } from './exits.ts';
import { withKojis, withStore } from './open.ts';
import { settingsFor } from './settings.ts';
import { aborted, stopSignal } from './signals.ts';

const MOST_WORKERS = 256;

export function addWorker(program: Command): void {
  program
    .command('worker')
    .summary('workers in a process of their own')
    .description(
      'Works on the same queue as the daemon, which may then be started with --workers 0. As many of these processes as one likes may run, on this machine. The first SIGTERM or SIGINT finishes the builds in hand, the second gives them back to the queue.',
    )
    .argument('[n]', 'builds read at once (default: indexer.workers, but at least 1)', readCount)
    .addHelpText(
      'after',
      `
Examples:
  darkserver worker
  darkserver worker 8`,
    )
    .action(
      exits(async (count: number | undefined, _options: unknown, command: Command) => {
        const { config, log } = await settingsFor(command);
        // As in open.ts: other commands start without what works on a queue.
        const { WorkerPool } = await import('../worker.ts');
        await withStore(config, (store) =>
          withKojis(config.koji, { config, store, log }, async ({ indexBuilds, restOf }) => {
            const workers = count ?? Math.max(1, config.indexer.workers);
            const pool = new WorkerPool({ jobs: store.jobs, indexBuilds, restOf, log }, workers);
            const signal = stopSignal({
              first: () => {
                log.info('stopping when the builds in hand are read; the same signal again gives them back');
              },
              now: () => pool.stop('now'),
            });
            log.info('working on the queue', { workers, database: config.database.path });
            pool.start();
            await aborted(signal);
            await pool.stop();
          }),
        );
        return EXIT.done;
      }),
    );
}

function readCount(text: string): number {
  const count = Number(text);
  if (/^\d{1,9}$/.test(text) && count >= 1 && count <= MOST_WORKERS) return count;
  throw new InvalidArgumentError(`give a whole number from 1 to ${MOST_WORKERS}.`);
}
