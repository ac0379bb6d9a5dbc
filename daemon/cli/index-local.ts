import { type Command, Option } from 'commander';
import { EXIT } from '../../shared/errors.ts';
import { SCAN_MODES, type ScanMode } from '../indexer/types.ts';
import { exits } from './exits.ts';
import type { LocalTally } from './index-local-run.ts';
import { withStore } from './open.ts';
import { complain, formatBytes, print } from './output.ts';
import { startProgress } from './progress.ts';
import { settingsFor } from './settings.ts';
import { stopSignal } from './signals.ts';

/**
 * Bytecode that V8 inlines into one function; its own is 920. Where all the work is a second, a third of the processor's
 * time goes to V8's compiler, and parsers of many small functions run no faster for more.
 */
const INLINE_LESS = '--max-inlined-bytecode-size-cumulative=300';

export function addIndex(program: Command): void {
  program
    .command('index')
    .summary('index RPM files of this machine')
    .description(
      'Reads RPM files, and those in directories below, without a hub: instance "local", no build. A file that is indexed already and has not changed is left as it is; with --scan payload it is read again. As many are read at once as indexer.workers says.',
    )
    .argument('<path...>', 'RPM files, directories of them, or the top of a mounted Koji')
    .addOption(
      new Option(
        '--scan <mode>',
        'auto: the payload only where the header cannot prove the answer; header: never; payload: always (default: indexer.scan, which is auto)',
      ).choices(SCAN_MODES),
    )
    .addHelpText(
      'after',
      `
Examples:
  darkserver index hello-1.0-1.x86_64.rpm
  darkserver --database /tmp/try.db index --scan payload ~/rpmbuild/RPMS

An RPM that cannot be read is a line on stderr, the others are indexed all the same, and the exit code is 1.`,
    )
    .action(
      exits(async (paths: string[], options: { scan?: ScanMode }, command: Command) => {
        const { config } = await settingsFor(command, [['indexer.scan', '--scan', options.scan]]);
        // As in open.ts: other commands start without what reads RPMs.
        const { setFlagsFromString } = await import('node:v8');
        setFlagsFromString(INLINE_LESS);
        const { indexLocalRpms, requirePaths } = await import('./index-local-run.ts');
        await requirePaths(paths);
        const progress = startProgress('RPMs');
        const signal = stopSignal({
          first: () => {
            progress.say('stopping when the RPMs in hand are read; the same signal again stops now');
          },
          now: () => {
            progress.end();
            return Promise.resolve();
          },
        });
        const began = performance.now();
        try {
          const tally = await withStore(config, ({ index }) =>
            indexLocalRpms({
              paths,
              index,
              scan: config.indexer.scan,
              readAgain: options.scan === 'payload',
              atOnce: Math.max(1, config.indexer.workers),
              progress,
              signal,
            }),
          );
          progress.end();
          print(summaryOf(tally, (performance.now() - began) / 1000));
          if (signal.aborted) complain('stopped before the end: the same command goes on where it stopped');
          return tally.failed > 0 || signal.aborted ? EXIT.noMatch : EXIT.done;
        } finally {
          progress.end();
        }
      }),
    );
}

function summaryOf(tally: LocalTally, seconds: number): string {
  const done = tally.indexed + tally.unchanged + tally.failed;
  const rate = done / Math.max(seconds, 0.001);
  return [
    `${done} RPMs: ${tally.indexed} indexed, ${tally.unchanged} unchanged, ${tally.failed} failed`,
    `${tally.files} files with a build-id`,
    `${formatBytes(tally.bytesRead)} read`,
    `${seconds.toFixed(1)} s, ${rate.toFixed(rate < 10 ? 1 : 0)} RPMs/s`,
  ].join('; ');
}
