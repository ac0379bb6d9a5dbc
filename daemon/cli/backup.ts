import { constants } from 'node:os';
import type { Command } from 'commander';
import { EXIT } from '../../shared/errors.ts';
import { exits } from './exits.ts';
import { complain, formatBytes, print } from './output.ts';
import { startProgress } from './progress.ts';
import { settingsFor } from './settings.ts';

const MIB = 1024 * 1024;

export function addBackup(program: Command): void {
  program
    .command('backup <file>')
    .summary('a consistent copy of the database, while the daemon runs')
    .description(
      'Copies the database as it is at the moment of the call to FILE, checks the copy, and gives it its name only then. Whoever reads or writes meanwhile does not wait.',
    )
    .option('--force', 'replace FILE where it exists')
    .addHelpText(
      'after',
      `
Examples:
  darkserver backup /srv/backup/darkserver.db
  darkserver backup --force /srv/backup/darkserver.db         every night, from a timer

Room: FILE takes as much as the database, with --force beside the FILE that is there until the end; and
until the copy is done, the log beside the database (…-wal) grows by all that is written.

To restore: stop every darkserver, remove the database's -wal and -shm, copy FILE over the database,
let it belong to the daemon's user, start. What was announced since the copy is found by asking Koji;
docs/operating.md has it step by step.

Exit codes: 0 done, 1 no room, or damaged, 4 FILE exists, 5 no database.`,
    )
    .action(
      exits(async (file: string, { force }: { force?: true }, command: Command) => {
        const { config } = await settingsFor(command);
        // As in open.ts: other commands start without the database.
        const { backUpDatabase, removePartOf } = await import('../store/backup.ts');
        const progress = startProgress('MiB');
        const leaveNothing = (name: NodeJS.Signals): void => {
          progress.end();
          removePartOf(file);
          process.exit(128 + constants.signals[name]);
        };
        const signals = ['SIGINT', 'SIGTERM'] as const;
        for (const name of signals) process.on(name, leaveNothing);
        try {
          const bytes = await backUpDatabase(config.database.path, file, {
            overwrite: force === true,
            copied: (done, total) => {
              progress.show(Math.round(done / MIB), Math.round(total / MIB));
            },
            checking: () => {
              progress.end();
              complain('copied; checking the copy');
              // No handler would run before the check is over. What a kill leaves, the next backup removes.
              for (const name of signals) process.off(name, leaveNothing);
            },
          });
          print(`${file}: ${formatBytes(bytes)}, checked`);
        } finally {
          progress.end();
        }
        return EXIT.done;
      }),
    );
}
