import { type Command, InvalidArgumentError } from 'commander';
import { EXIT } from '../../shared/errors.ts';
import type { Config } from '../config/types.ts';
import { exits } from './exits.ts';
import { withStoreForReading } from './open.ts';
import { complain, print, printJson } from './output.ts';
import { type Progress, startProgress } from './progress.ts';
import { settingsFor } from './settings.ts';
import { stopSignal } from './signals.ts';
import type { Verification } from './verification.ts';

interface VerifyOptions {
  readonly sample?: number;
  readonly json?: true;
}

export function addVerify(program: Command): void {
  program
    .command('verify')
    .summary('compare the index with the payloads')
    .description(
      "Reads RPMs and tar archives again, each to its end, and compares the build-ids in them with the index, by what had proved them: local ones where they lie, Koji's from topdir or topurl, the oldest in the index first. It changes nothing. As many are read at once as indexer.workers says.",
    )
    .option('--sample <n>', 'as many of them, chosen at random, in place of all', readSample)
    .option('--json', 'counts, and the first ten thousand disagreements')
    .addHelpText(
      'after',
      `
Examples:
  darkserver verify --sample 1000
  darkserver verify --json | jq '.disagreements[] | select(.index.evidence == "file-class")'

What is gone, because it or its build was deleted, is counted apart, and so is what is passed over: it was
not read when it was indexed, by skip_arches or since that failed, or its Koji is no longer configured. An
index that was made with --scan header lacks what headers do not tell. To put right what is wrong:
"darkserver index --scan payload PATH" for local RPMs; for Koji's "darkserver backfill --force", with
indexer.scan = "payload" where a header is wrong.

Exit codes: 0 all agree, 1 disagreements or stopped before the end, 2 some could not be reached.`,
    )
    .action(
      exits(async ({ sample, json }: VerifyOptions, command: Command) => {
        const { config } = await settingsFor(command);
        const progress = startProgress('files');
        const signal = stopSignal({
          first: () => {
            progress.say('stopping when the files in hand are read; the same signal again stops now');
          },
          now: () => {
            progress.end();
            return Promise.resolve();
          },
        });
        try {
          const verification = await verify(config, sample ?? null, progress, signal);
          progress.end();
          // As in open.ts: other commands start without what reads RPMs.
          const { documentOf, reportOf } = await import('./verify-report.ts');
          if (json) printJson(documentOf(verification));
          else print(reportOf(verification));
          if (verification.isNetworkDown) complain('given up: one file after the other could not be reached');
          if (signal.aborted) complain('stopped before the end');
          return exitCodeFor(verification, signal);
        } finally {
          progress.end();
        }
      }),
    );
}

async function verify(
  config: Config,
  sample: number | null,
  progress: Progress,
  signal: AbortSignal,
): Promise<Verification> {
  const { verifyIndex } = await import('./verify-run.ts');
  const { VerifySources } = await import('./verify-sources.ts');
  const sources = new VerifySources(config.koji);
  try {
    return await withStoreForReading(config, ({ index }) =>
      verifyIndex({
        index,
        sources,
        sample,
        atOnce: Math.max(1, config.indexer.workers),
        progress,
        signal,
      }),
    );
  } finally {
    sources.close();
  }
}

function exitCodeFor({ outcomes }: Verification, signal: AbortSignal): number {
  if (outcomes.disagree + outcomes.changed + outcomes.unreadable > 0 || signal.aborted) return EXIT.noMatch;
  return outcomes.unreached > 0 ? EXIT.network : EXIT.done;
}

function readSample(text: string): number {
  if (/^\d{1,9}$/.test(text) && Number(text) > 0) return Number(text);
  throw new InvalidArgumentError('give a whole number from 1 on.');
}
