import type { Command } from 'commander';
import { type BatchAnswer, MAX_BATCH, type Match } from '../../shared/api.ts';
import { type BuildId, parseBuildId } from '../../shared/build-id.ts';
import { DarkserverError, EXIT } from '../../shared/errors.ts';
import { type Nvra, formatNvra, parseNvra } from '../../shared/nvr.ts';
import type { Lookup } from '../lookup.ts';
import { exits } from './exits.ts';
import { lookupIn, withStoreForReading } from './open.ts';
import { colours, complain, formatTable, print, printJson } from './output.ts';
import { settingsFor } from './settings.ts';

type Results = BatchAnswer['results'];

export function addLookup(program: Command): void {
  program
    .command('lookup')
    .summary('which package has this build-id?')
    .description(
      'Asks the database directly, without a daemon: build-ids for the packages that hold them, NVRAs for the files with a build-id in them.',
    )
    .argument('<build-id|nvra...>', 'hex digits, or name-version-release.arch with or without ".rpm"')
    .option(
      '--json',
      'as POST /api/v1/buildids answers: {"results": {ASKED: {"matches": […]}}}; an NVRA has its matches in the same shape',
    )
    .addHelpText(
      'after',
      `
Examples:
  darkserver lookup 4f2ba2b4a1c0d3e5f60718293a4b5c6d7e8f9012
  darkserver lookup bash-5.2.26-3.fc40.x86_64
  darkserver lookup --json 4f2ba2b4a1c0d3e5f60718293a4b5c6d7e8f9012 | jq -r '.results[].matches[].rpm.nvra'

The exit code is 1 if nothing is known of any of them.`,
    )
    .action(
      exits(async (words: string[], options: { json?: true }, command: Command) => {
        const asked = words.map(read);
        const { config } = settingsFor(command);
        const results = await withStoreForReading(config, (store) => answer(lookupIn(store, config), asked));
        const found = Object.values(results).some(({ matches }) => matches.length > 0);
        if (options.json) printJson({ results } satisfies BatchAnswer);
        else show(results);
        return found ? EXIT.done : EXIT.noMatch;
      }),
    );
}

function read(word: string): BuildId | Nvra {
  const asked = parseBuildId(word) ?? parseNvra(word);
  if (asked !== null) return asked;
  throw new DarkserverError(
    'bad_input',
    `"${word.slice(0, 200)}" is neither a build-id (2 to 64 bytes as hex digits) nor an NVRA (name-version-release.arch)`,
  );
}

async function answer(lookup: Lookup, asked: readonly (BuildId | Nvra)[]): Promise<Results> {
  const buildIds = asked.filter((each) => typeof each === 'string');
  const results: Results = {};
  for (let start = 0; start < buildIds.length; start += MAX_BATCH) {
    Object.assign(results, (await lookup.byBuildIds(buildIds.slice(start, start + MAX_BATCH))).results);
  }
  for (const each of asked) {
    if (typeof each === 'string') continue;
    const matches = await lookup.byNvra(each);
    results[formatNvra(each)] = matches.length > 0 ? { matches } : { matches, reason: 'unknown' };
  }
  return results;
}

function show(results: Results): void {
  const blocks: string[] = [];
  for (const [asked, { matches }] of Object.entries(results)) {
    if (matches.length === 0) complain(`${asked}: nothing known`);
    else blocks.push(`${colours.bold(asked)}\n${tableOf(matches)}`);
  }
  if (blocks.length > 0) print(blocks.join('\n\n'));
}

function tableOf(matches: readonly Match[]): string {
  return formatTable(
    ['kind', 'path', 'rpm', 'build', 'url'],
    matches.map(({ kind, path, rpm, build, urls }) => [
      kind,
      path,
      rpm.nvra,
      build === null ? 'local' : `${build.nvr} (${build.instance} ${build.koji_build_id}, ${build.state})`,
      urls[0]?.url ?? 'nowhere to be had',
    ]),
  );
}
