import type { Command } from 'commander';
import { EXIT } from '../../shared/errors.ts';
import { exits } from './exits.ts';
import { print } from './output.ts';
import { settingsFor } from './settings.ts';
import { aborted, stopSignal } from './signals.ts';

interface ServeOptions {
  readonly listen?: string;
  readonly workers?: string;
  readonly kojiHub?: string;
  readonly kojiTopurl?: string;
}

export function addServe(program: Command): void {
  program
    .command('serve')
    .summary('the daemon: push endpoint, workers, reconciliation, HTTP')
    .description(
      'Takes announcements of builds, asks each Koji at start and every reconcile_interval for what was not announced, reads their RPMs, answers over HTTP. Prints its address on stdout when it is ready. The first SIGTERM or SIGINT finishes what is in hand, the second stops at once.',
    )
    .option('--listen <host:port>', 'in place of http.listen; port 0 takes any free one')
    .option('--workers <n>', 'builds read at once, in place of indexer.workers; 0 serves only')
    .option('--koji-hub <url>', "XML-RPC address of the default Koji's hub")
    .option('--koji-topurl <url>', "where the default Koji's packages/ and vol/ are published")
    .addHelpText(
      'after',
      `
Examples:
  darkserver serve
  darkserver serve --listen 127.0.0.1:0 --workers 0
  darkserver serve --koji-hub https://koji.example/kojihub --koji-topurl https://koji.example/kojifiles

The default Koji is the first [[koji]] of the configuration file. Without one it is Fedora's, and
another hub is called "fedora" too: that is the instance which its hub plugin must announce builds
for. DARKSERVER_KOJI_NAME gives another name.

Of a Koji that is new to the database, what was completed in the last hour and what comes is found by
asking; "darkserver backfill" fetches the rest. What becomes of builds that are in the index, however
old (deleted, moved, promoted, built again, given more RPMs), is found by asking as well, each
reconcile_interval, and every one of them is compared with Koji each sweep_interval.`,
    )
    .action(
      exits(async (options: ServeOptions, command: Command) => {
        const { config, log } = await settingsFor(
          command,
          [
            ['http.listen', '--listen', options.listen],
            ['indexer.workers', '--workers', options.workers],
            ['koji.hub', '--koji-hub', options.kojiHub],
            ['koji.topurl', '--koji-topurl', options.kojiTopurl],
          ],
          { readToken: true },
        );
        // The HTTP server is a third of what there is to load, and no other command needs it.
        const { startDaemon } = await import('../daemon.ts');
        const { Service } = await import('../systemd/notify.ts');
        const daemon = await startDaemon(config, log);
        const service = new Service({ environment: process.env, log });
        const signal = stopSignal({
          first: () => {
            log.info('stopping when what is in hand is finished; the same signal again stops now');
            void service.stopping();
          },
          now: () => daemon.close('now'),
        });
        print(`listening on ${daemon.url}`);
        void service.ready(`listening on ${daemon.url}`, () => daemon.isAlive());
        try {
          await Promise.race([aborted(signal), daemon.died]);
        } finally {
          await daemon.close();
        }
        return EXIT.done;
      }),
    );
}
