import type { Command } from 'commander';
import { DarkserverError, EXIT } from '../../shared/errors.ts';
import { exits } from './exits.ts';
import { withExistingStore } from './open.ts';
import { complain, print } from './output.ts';
import { settingsFor } from './settings.ts';

export function addRetry(program: Command): void {
  program
    .command('retry')
    .summary('try failed jobs again now')
    .description(
      'Queues jobs that failed or were given up, to be tried at once by the daemon or a worker. The numbers are those of the first column of "darkserver jobs"; to name a build by its Koji id or its NVR, use "darkserver enqueue", which does the same.',
    )
    .argument('[job...]', 'numbers of jobs')
    .option('--failed', 'every failed and parked job')
    .addHelpText(
      'after',
      `
Examples:
  darkserver retry 12 15
  darkserver retry --failed

The exit code is 1 if one of the jobs is not there or does not wait for a retry.`,
    )
    .action(
      exits(async (words: string[], options: { failed?: true }, command: Command) => {
        if (words.length === 0 && !options.failed) command.error('error: name jobs, or say --failed');
        if (words.length > 0 && options.failed) command.error('error: name jobs or say --failed, not both');
        const jobIds = [...new Set(words.map(readJobId))];
        const { config } = await settingsFor(command);
        const queued = await withExistingStore(config, ({ jobs }) =>
          jobs.retry(options.failed ? 'failed' : jobIds),
        );
        print(`${queued} queued`);
        const left = options.failed ? 0 : jobIds.length - queued;
        if (left > 0) complain(`${left} not: there is no such job, or it is queued or running already`);
        return left > 0 ? EXIT.noMatch : EXIT.done;
      }),
    );
}

function readJobId(word: string): number {
  if (/^[1-9]\d{0,14}$/.test(word)) return Number(word);
  throw new DarkserverError(
    'bad_input',
    `"${word.slice(0, 100)}" is not the number of a job: the first column of "darkserver jobs" has them`,
  );
}
