import type { Command } from 'commander';
import type { StatusAnswer } from '../../shared/api.ts';
import { EXIT } from '../../shared/errors.ts';
import { exits } from './exits.ts';
import { formatBytes, formatSeconds, formatTable, print, printJson } from './output.ts';
import { lookupIn, withStoreForReading } from './open.ts';
import { settingsFor } from './settings.ts';

export function addStatus(program: Command): void {
  program
    .command('status')
    .summary('what the index holds and what waits')
    .description(
      'Builds, RPMs and files in the index, the queue by state, the lag behind each Koji, the last push, the size of the database. The sweep is the slow comparison of every build with Koji: how much of it is done or when the last one ended, and how many builds it has found that nothing else had. Where YUM repositories are configured, what is known of each.',
    )
    .option('--json', 'as GET /api/v1/status answers')
    .addHelpText(
      'after',
      `
Examples:
  darkserver status
  darkserver status --json | jq .queue`,
    )
    .action(
      exits(async (options: { json?: true }, command: Command) => {
        const { config } = await settingsFor(command);
        const status = await withStoreForReading(config, async (store) =>
          (await lookupIn(store, config)).status(),
        );
        if (options.json) printJson(status);
        else print(forPeople(status));
        return EXIT.done;
      }),
    );
}

function forPeople(status: StatusAnswer): string {
  const { queue } = status;
  const totals = [
    `index     ${status.builds} builds, ${status.rpms} RPMs, ${status.files} files with ${status.build_ids} build-ids`,
    `database  ${formatBytes(status.database_bytes)}`,
    `queue     ${queue.queued} queued, ${queue.running} running, ${queue.failed} failed (tried again), ${queue.parked} parked (see 'darkserver jobs')`,
  ];
  const kojis = Object.entries(status.koji).map(([name, koji]) => [
    name,
    koji.lag_seconds === 0 ? 'none' : formatSeconds(koji.lag_seconds),
    koji.last_push ?? 'never',
    koji.last_reconciled ?? 'never',
    sweepForPeople(koji.sweep),
  ]);
  const tables = [formatTable(['koji', 'lag', 'last push', 'last reconciled', 'sweep'], kojis)];
  const repositories = Object.entries(status.koji).flatMap(repositoriesForPeople);
  if (repositories.length > 0) {
    tables.push(formatTable(['koji', 'repository', 'packages', 'last seen', 'trouble'], repositories));
  }
  return [totals.join('\n'), ...tables].join('\n\n');
}

function repositoriesForPeople([instance, { repositories }]: [string, StatusAnswer['koji'][string]]) {
  return Object.entries(repositories).map(([name, { packages, last_seen, error }]) => [
    ...[instance, name, String(packages), last_seen ?? 'never'],
    error === null ? 'none' : `${error.at ?? ''}: ${error.message}`,
  ]);
}

function sweepForPeople({ progress, last_ended, found }: StatusAnswer['koji'][string]['sweep']): string {
  const done = progress === null ? (last_ended ?? 'never') : `${Math.floor(progress * 100)}% done`;
  return found === 0 ? done : `${done}, found ${found} in all`;
}
