import { type Command, InvalidArgumentError } from 'commander';
import { EXIT } from '../../shared/errors.ts';
import { type KojiBuildId, asKojiBuildId } from '../../shared/koji.ts';
import type { Selection } from './backfill-selection.ts';
import { exits } from './exits.ts';
import { kojiNamed, settingsFor } from './settings.ts';

interface BackfillOptions {
  readonly instance?: string;
  readonly from?: KojiBuildId;
  readonly to?: KojiBuildId;
  readonly tag?: string;
  readonly package?: string;
  readonly since?: Day;
  readonly until?: Day;
  readonly all?: true;
  readonly dryRun?: true;
  readonly queueOnly?: true;
  readonly force?: true;
}

/** Seconds since the epoch: of a day, its first second and that of the next; of a moment, twice the same. */
interface Day {
  readonly start: number;
  readonly end: number;
}

export function addBackfill(program: Command): void {
  program
    .command('backfill')
    .summary('index what Koji built before')
    .description(
      'Finds complete builds in Koji, queues those that the index does not hold behind everything that the hub announces, and works on the queue until they are done, beside a daemon or without one. What is indexed or queued already is not queued again, so the same command goes on where it was stopped; builds that failed are tried again.',
    )
    .option('--instance <name>', 'which [[koji]] (default: the first)')
    .option('--from <id>', "builds by Koji's number, from this one …", readKojiBuildId)
    .option('--to <id>', '… to this one', readKojiBuildId)
    .option('--tag <tag>', 'builds tagged with this tag itself, not with its parents')
    .option('--package <name>', 'builds of this package')
    .option(
      '--since <date>',
      'builds completed on this day (UTC) or later, or since a moment in ISO 8601',
      readDay,
    )
    .option('--until <date>', 'with --since: builds completed on this day or earlier', readDay)
    .option('--all', 'every build')
    .option('--dry-run', 'only count')
    .option('--queue-only', 'leave the work to a daemon or to "darkserver worker"')
    .option('--force', 'read builds again that are indexed, too')
    .addHelpText(
      'after',
      `
Examples:
  darkserver backfill --tag f41
  darkserver backfill --since 2024-01-01 --until 2024-06-30 --dry-run
  darkserver backfill --from 2400000 --to 2500000 --queue-only
  darkserver backfill --instance centos --package bash

As many builds are read at once as indexer.workers says, but at least one. The first SIGINT (Ctrl-C)
finishes the builds in hand, the second gives them back to the queue. The exit code is 1 if some failed
or work is left.`,
    )
    .action(
      exits(async (options: BackfillOptions, command: Command) => {
        const selection = selectionOf(options, command);
        const { config, log } = await settingsFor(command);
        const koji = kojiNamed(config, options.instance);
        // As in open.ts: other commands start without what works on a queue.
        const { countBackfill, queueBackfill, runBackfill } = await import('./backfill-run.ts');
        const request = { selection, koji, force: options.force === true };
        if (options.dryRun === true) await countBackfill(request, config);
        else if (options.queueOnly === true) await queueBackfill(request, config);
        else if (!(await runBackfill(request, config, log))) return EXIT.noMatch;
        return EXIT.done;
      }),
    );
}

function selectionOf(options: BackfillOptions, command: Command): Selection {
  const { from, to, tag, since, until } = options;
  const selections: Selection[] = [];
  if (from !== undefined && to !== undefined) selections.push({ by: 'id', from, to });
  else if (from !== undefined || to !== undefined) command.error('error: --from and --to go together');
  if (from !== undefined && to !== undefined && from > to) command.error('error: --from is larger than --to');
  if (tag !== undefined) selections.push({ by: 'tag', tag });
  if (options.package !== undefined) selections.push({ by: 'package', name: options.package });
  if (since !== undefined) selections.push({ by: 'time', since: since.start, until: until?.end ?? null });
  else if (until !== undefined) command.error('error: --until needs --since');
  if (since !== undefined && until !== undefined && since.start >= until.end) {
    command.error('error: --since is later than --until');
  }
  if (options.all === true) selections.push({ by: 'nothing' });
  const [selection, ...others] = selections;
  if (selection === undefined || others.length > 0) {
    return command.error(
      'error: say which builds, in one way: --from ID --to ID, --tag TAG, --package NAME, --since DATE or --all',
    );
  }
  return selection;
}

function readKojiBuildId(text: string): KojiBuildId {
  const kojiBuildId = /^\d{1,10}$/.test(text) ? asKojiBuildId(Number(text)) : null;
  if (kojiBuildId !== null) return kojiBuildId;
  throw new InvalidArgumentError("give Koji's number of a build.");
}

const MOMENT = /^(\d{4}-\d{2}-\d{2})(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(?:Z|[+-]\d{2}:\d{2}))?$/;

function readDay(text: string): Day {
  const day = MOMENT.exec(text)?.[1];
  const milliseconds = Date.parse(text);
  // Date.parse takes the 31st of February for the 2nd of March.
  if (day === undefined || Number.isNaN(milliseconds) || isoDay(Date.parse(day)) !== day) {
    throw new InvalidArgumentError('give a day like 2024-12-31 or a moment like 2024-12-31T23:59:59Z.');
  }
  const start = milliseconds / 1000;
  return { start, end: day === text ? start + 86_400 : start };
}

function isoDay(milliseconds: number): string {
  return Number.isNaN(milliseconds) ? '' : new Date(milliseconds).toISOString().slice(0, 10);
}
