import { type Command, InvalidArgumentError, Option } from 'commander';
import { EXIT } from '../../shared/errors.ts';
import { JOB_STATES, type Job, type JobState, type JobStore } from '../store/types.ts';
import { exits } from './exits.ts';
import { withStoreForReading } from './open.ts';
import { complain, formatTable, print } from './output.ts';
import { settingsFor } from './settings.ts';

const PAGE = 500;

interface JobsOptions {
  readonly state?: JobState;
  readonly limit: number;
  readonly json?: true;
}

export function addJobs(program: Command): void {
  program
    .command('jobs')
    .summary('the queue, failed jobs with their reasons')
    .description(
      'The builds that wait to be looked at, and those that could not be read, with the reason. A job that is done is gone.',
    )
    .addOption(
      new Option(
        '--state <state>',
        'queued: waits for a worker; running: a worker has it; failed: will be tried again; parked: given up until somebody says retry',
      ).choices(JOB_STATES),
    )
    .option('--limit <n>', 'show at most so many, 0 for all; --json always shows all', readLimit, 100)
    .option('--json', '{"jobs": […]}, times in ISO 8601')
    .addHelpText(
      'after',
      `
Examples:
  darkserver jobs
  darkserver jobs --state parked
  darkserver jobs --state failed --json | jq -r '.jobs[] | "\\(.koji_build_id) \\(.last_error.message)"'`,
    )
    .action(
      exits(async (options: JobsOptions, command: Command) => {
        const { config } = await settingsFor(command);
        await withStoreForReading(config, ({ jobs }) =>
          options.json ? showJson(jobs, options.state) : showTable(jobs, options),
        );
        return EXIT.done;
      }),
    );
}

function readLimit(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('give a whole number.');
}

async function* every(jobs: JobStore, state: JobState | undefined): AsyncGenerator<Job> {
  let last: Job | undefined;
  for (;;) {
    const page = await jobs.list({
      limit: PAGE,
      ...(state === undefined ? {} : { state }),
      ...(last === undefined ? {} : { afterJobId: last.jobId }),
    });
    yield* page;
    last = page.at(-1);
    if (page.length < PAGE) return;
  }
}

async function showTable(jobs: JobStore, { state, limit }: JobsOptions): Promise<void> {
  const rows: string[][] = [];
  let more = 0;
  for await (const job of every(jobs, state)) {
    if (limit === 0 || rows.length < limit) rows.push(rowOf(job));
    else more++;
  }
  print(formatTable(['job', 'state', 'koji', 'koji build', 'attempts', 'next attempt', 'last error'], rows));
  if (more > 0) complain(`and ${more} more: --limit 0 shows all`);
}

function rowOf(job: Job): string[] {
  return [
    String(job.jobId),
    job.state,
    job.instance,
    String(job.kojiBuildId),
    String(job.attempts),
    job.state === 'queued' || job.state === 'failed' ? isoTime(job.runAt) : '',
    job.lastError === null ? '' : `${job.lastError.code}: ${job.lastError.message}`,
  ];
}

/** Job by job, since a backfill may have queued millions. */
async function showJson(jobs: JobStore, state: JobState | undefined): Promise<void> {
  let separator = '';
  process.stdout.write('{"jobs": [');
  for await (const job of every(jobs, state)) {
    const text = `${separator}\n  ${JSON.stringify(documentOf(job))}`;
    separator = ',';
    if (!process.stdout.write(text)) await new Promise((resolve) => process.stdout.once('drain', resolve));
  }
  process.stdout.write('\n]}\n');
}

function documentOf(job: Job) {
  return {
    job_id: job.jobId,
    instance: job.instance,
    koji_build_id: job.kojiBuildId,
    state: job.state,
    priority: job.priority,
    attempts: job.attempts,
    created_at: isoTime(job.createdAt),
    run_at: isoTime(job.runAt),
    locked_at: job.lockedAt === null ? null : isoTime(job.lockedAt),
    locked_by: job.lockedBy,
    last_error: job.lastError === null ? null : { code: job.lastError.code, message: job.lastError.message },
  };
}

function isoTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
