import type { Command } from 'commander';
import type { BatchAnswer, Match, RpmAnswer } from '../../shared/api.ts';
import { MAX_BATCH } from '../../shared/api/limits.ts';
import { type AskedBuildId, readAskedBuildId } from '../../shared/build-id-forms.ts';
import { DarkserverError, EXIT } from '../../shared/errors.ts';
import { type Nvra, formatNvra, parseNvra } from '../../shared/nvr.ts';
import type { Config } from '../config/types.ts';
import type { Extras, Lookup } from '../lookup/types.ts';
import type { Store } from '../store/types.ts';
import { exits } from './exits.ts';
import { type Answers, type LookupAnswer, showAnswers } from './lookup-tables.ts';
import { lookupIn, withStoreForReading } from './open.ts';
import { printJson } from './output.ts';
import { settingsFor } from './settings.ts';

interface LookupOptions {
  readonly json?: boolean;
  readonly siblings?: boolean;
  readonly group?: boolean;
}

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
    .argument(
      '<build-id|nvra...>',
      'hex digits, a Breakpad module id, or name-version-release.arch with or without ".rpm"',
    )
    .option('--siblings', 'also the debuginfo, debugsource and source RPMs that go with each')
    .option('--group', 'also which builds together explain most of the build-ids')
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
  darkserver lookup --group $(eu-unstrip -n --core core.1234 | sed -nE 's/^[^ ]+ ([0-9a-f]+)@.*/\\1/p')
  darkserver lookup --json 4f2ba2b4a1c0d3e5f60718293a4b5c6d7e8f9012 | jq -r '.results[].matches[].rpm.nvra'

RPMs that "darkserver index" read are of no build: --siblings and --group pass over them.
The exit code is 1 if nothing is known of any of them.`,
    )
    .action(
      exits(async (words: string[], options: LookupOptions, command: Command) => {
        const asked = words.map(read);
        const { config } = await settingsFor(command);
        const answers = await withStoreForReading(config, (store) =>
          answerAll(store, config, asked, options),
        );
        const found = [...answers.results.values()].some(({ matches }) => matches.length > 0);
        if (options.json) printJson(documentOf(answers));
        else showAnswers(answers);
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

async function answerAll(
  store: Store,
  config: Config,
  asked: readonly (AskedBuildId | Nvra)[],
  { siblings = false, group = false }: LookupOptions,
): Promise<Answers> {
  const lookup = await lookupIn(store, config);
  const extras = { siblings, verify: false };
  const results = new Map<string, LookupAnswer>();
  const buildIds = asked.filter((each) => 'asked' in each);
  if (group && buildIds.length > MAX_BATCH) {
    throw new DarkserverError(
      'too_large',
      `--group takes ${MAX_BATCH} build-ids, and not ${buildIds.length}`,
    );
  }
  let grouped: Answers['group'];
  for (let start = 0; start < buildIds.length; start += MAX_BATCH) {
    const batch = await lookup.byBuildIds(buildIds.slice(start, start + MAX_BATCH), { ...extras, group });
    grouped = batch.group;
    for (const [buildId, result] of Object.entries(batch.results))
      results.set(buildId, { ...result, why: UNKNOWN });
  }
  for (const each of asked) {
    if (!('asked' in each)) results.set(formatNvra(each), await answerNvra(lookup, each, extras));
  }
  return { results, ...(grouped !== undefined && { group: grouped }) };
}

/** An RPM without matches may be unknown, unreadable, or simply without ELF files. */
async function answerNvra(lookup: Lookup, nvra: Nvra, extras: Extras): Promise<LookupAnswer> {
  const matches: Match[] = [];
  for (let cursor: string | undefined; ;) {
    const answer = await lookup.byNvra(nvra, { limit: PAGE, cursor }, extras);
    if ('notFound' in answer) {
      const { reason, message } = answer.notFound;
      return { matches: [], reason, why: reason === 'unknown' ? UNKNOWN : message };
    }
    matches.push(...answer.matches);
    if (answer.next_cursor === null) return matches.length > 0 ? { matches, why: '' } : whyNothing(answer);
    cursor = answer.next_cursor;
  }
}

function whyNothing({ rpms }: RpmAnswer): LookupAnswer {
  const error = rpms.find((rpm) => rpm.error !== null)?.error ?? null;
  if (error !== null) return { matches: [], reason: 'failed', why: `it could not be read: ${error.message}` };
  return { matches: [], why: 'it is indexed, and holds no file with a build-id' };
}

function documentOf({ results, ...group }: Answers): BatchAnswer {
  const plain = [...results].map(([asked, { why: _, ...result }]) => [asked, result] as const);
  return { results: Object.fromEntries(plain), ...group };
}
