import type { Command } from 'commander';
import type { BatchAnswer, Match, RpmAnswer } from '../../shared/api.ts';
import { type AskedBuildId, readAskedBuildId } from '../../shared/build-id-forms.ts';
import { DarkserverError, EXIT } from '../../shared/errors.ts';
import { type Nvra, formatNvra, parseNvra } from '../../shared/nvr.ts';
import type { Config } from '../config/types.ts';
import type { Lookup } from '../lookup/types.ts';
import type { Store } from '../store/types.ts';
import { exits } from './exits.ts';
import { lookupIn, withStoreForReading } from './open.ts';
import { colours, complain, formatTable, print, printJson, printable } from './output.ts';
import { settingsFor } from './settings.ts';

/** One result of the batch, and for people why it has no matches. */
type Answer = BatchAnswer['results'][string] & { readonly why: string };

const UNKNOWN = 'nothing known';

/** Files of an RPM that are read at once. */
const PAGE = 1000;

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
        const answers = await withStoreForReading(config, (store) => answerAll(store, config, asked));
        const found = [...answers.values()].some(({ matches }) => matches.length > 0);
        if (options.json) printJson(documentOf(answers));
        else show(answers);
        return found ? EXIT.done : EXIT.noMatch;
      }),
    );
}

function read(word: string): AskedBuildId | Nvra {
  const asked = readAskedBuildId(word) ?? parseNvra(word);
  if (asked !== null) return asked;
  throw new DarkserverError(
    'bad_input',
    `"${word.slice(0, 200)}" is neither a build-id (2 to 64 bytes as hex digits) nor an NVRA (name-version-release.arch)`,
  );
}

/** By what was asked: the build-id in lower case, the NVRA without ".rpm". */
async function answerAll(
  store: Store,
  config: Config,
  asked: readonly (AskedBuildId | Nvra)[],
): Promise<Map<string, Answer>> {
  const lookup = await lookupIn(store, config);
  const answers = new Map<string, Answer>();
  const buildIds = asked.filter((each) => 'asked' in each);
  // The API's shapes take as long to load as the rest of a command.
  const { MAX_BATCH } = await import('../../shared/api.ts');
  for (let start = 0; start < buildIds.length; start += MAX_BATCH) {
    const { results } = await lookup.byBuildIds(buildIds.slice(start, start + MAX_BATCH));
    for (const [buildId, result] of Object.entries(results))
      answers.set(buildId, { ...result, why: UNKNOWN });
  }
  for (const each of asked) {
    if (!('asked' in each)) answers.set(formatNvra(each), await answerNvra(lookup, each));
  }
  return answers;
}

/** An RPM without matches may be unknown, unreadable, or simply without ELF files. */
async function answerNvra(lookup: Lookup, nvra: Nvra): Promise<Answer> {
  const matches: Match[] = [];
  for (let cursor: string | undefined; ;) {
    const answer = await lookup.byNvra(nvra, { limit: PAGE, cursor });
    if ('notFound' in answer) {
      const { reason, message } = answer.notFound;
      return { matches: [], reason, why: reason === 'unknown' ? UNKNOWN : message };
    }
    matches.push(...answer.matches);
    if (answer.next_cursor === null) return matches.length > 0 ? { matches, why: '' } : whyNothing(answer);
    cursor = answer.next_cursor;
  }
}

function whyNothing({ rpms }: RpmAnswer): Answer {
  const error = rpms.find((rpm) => rpm.error !== null)?.error ?? null;
  if (error !== null) return { matches: [], reason: 'failed', why: `it could not be read: ${error.message}` };
  return { matches: [], why: 'it is indexed, and holds no file with a build-id' };
}

function documentOf(answers: ReadonlyMap<string, Answer>): BatchAnswer {
  const results = [...answers].map(([asked, { why: _, ...result }]) => [asked, result] as const);
  return { results: Object.fromEntries(results) };
}

function show(answers: ReadonlyMap<string, Answer>): void {
  const blocks: string[] = [];
  for (const [asked, { matches, why }] of answers) {
    if (matches.length === 0) complain(`${asked}: ${printable(why)}`);
    else blocks.push(`${colours.bold(asked)}\n${tableOf(matches)}`);
  }
  if (blocks.length > 0) print(blocks.join('\n\n'));
}

function tableOf(matches: readonly Match[]): string {
  return formatTable(
    ['kind', 'path', matches.some(({ archive }) => archive) ? 'rpm/archive' : 'rpm', 'build', 'url'],
    matches.map(({ kind, path, rpm, archive, build, urls }) => [
      kind,
      path,
      rpm === undefined ? archive.filename : rpm.nvra,
      build === null ? 'local' : `${build.nvr} (${build.instance} ${build.koji_build_id}, ${build.state})`,
      urls[0]?.url ?? 'nowhere to be had',
    ]),
  );
}
