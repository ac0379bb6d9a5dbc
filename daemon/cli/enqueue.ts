import type { Command } from 'commander';
import { DarkserverError, EXIT } from '../../shared/errors.ts';
import { type KojiBuildId, asKojiBuildId } from '../../shared/koji.ts';
import { parseNvr } from '../../shared/nvr.ts';
import type { KojiHub } from '../koji/hub.ts';
import { PRIORITY } from '../store/types.ts';
import { exits } from './exits.ts';
import { withKoji, withStore } from './open.ts';
import { complain, print, printable } from './output.ts';
import { kojiNamed, settingsFor } from './settings.ts';

export function addEnqueue(program: Command): void {
  program
    .command('enqueue')
    .summary('queue builds to be looked at')
    .description(
      'Queues builds as an announcement of the hub does, ahead of any backfill; the daemon or a worker then looks at them again. Koji build ids are taken as they are, NVRs are looked up in Koji.',
    )
    .argument('<id|nvr...>', "Koji's number of a build, or name-version-release")
    .option('--instance <name>', 'which [[koji]] (default: the first)')
    .addHelpText(
      'after',
      `
Examples:
  darkserver enqueue 2468013
  darkserver enqueue bash-5.2.26-3.fc40 glibc-2.39-6.fc40
  darkserver enqueue --instance centos 12345

The exit code is 1 if Koji does not know one of the NVRs; the others are queued all the same.`,
    )
    .action(
      exits(async (words: string[], options: { instance?: string }, command: Command) => {
        const asked = words.map(read);
        const { config } = await settingsFor(command);
        const koji = kojiNamed(config, options.instance);
        const found = asked.some((each) => typeof each === 'string')
          ? await withKoji(koji, ({ hub }) => resolve(hub, asked))
          : new Map(asked.map((each) => [each, each as KojiBuildId]));
        const kojiBuildIds = [...new Set(found.values())];
        if (kojiBuildIds.length > 0) {
          const { queued, alreadyQueued } = await withStore(config, ({ jobs }) =>
            jobs.enqueue(koji.name, kojiBuildIds, PRIORITY.push),
          );
          for (const [word, kojiBuildId] of found) {
            print(typeof word === 'string' ? `${word} is build ${kojiBuildId}` : `build ${kojiBuildId}`);
          }
          print(`${queued} queued for ${koji.name}, ${alreadyQueued} already there`);
        }
        const unknown = asked.filter((each) => !found.has(each));
        for (const each of unknown)
          complain(`${printable(String(each))}: Koji ${koji.name} knows no such build`);
        return unknown.length > 0 ? EXIT.noMatch : EXIT.done;
      }),
    );
}

function read(word: string): KojiBuildId | string {
  const kojiBuildId = /^\d+$/.test(word) ? asKojiBuildId(Number(word)) : null;
  if (kojiBuildId !== null) return kojiBuildId;
  if (parseNvr(word) !== null) return word.trim();
  throw new DarkserverError(
    'bad_input',
    `"${word.slice(0, 200)}" is neither Koji's number of a build nor an NVR (name-version-release)`,
  );
}

async function resolve(
  hub: KojiHub,
  asked: readonly (KojiBuildId | string)[],
): Promise<Map<KojiBuildId | string, KojiBuildId>> {
  const found = new Map<KojiBuildId | string, KojiBuildId>();
  for (const each of asked) {
    if (typeof each !== 'string') found.set(each, each);
    else {
      const build = await hub.getBuild(each);
      if (build !== null) found.set(each, build.kojiBuildId);
    }
  }
  return found;
}
