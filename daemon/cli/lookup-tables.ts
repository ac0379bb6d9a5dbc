import type { BatchAnswer, Group, Match, Siblings } from '../../shared/api.ts';
import { colours, complain, formatTable, print, printable } from './output.ts';

/** One result of the batch, and for people why it has no matches. */
export type LookupAnswer = BatchAnswer['results'][string] & { readonly why: string };

export interface Answers {
  /** By what was asked: the build-id in lower case, the NVRA without ".rpm". */
  readonly results: ReadonlyMap<string, LookupAnswer>;
  readonly group?: Group;
}

/** Answers of `darkserver lookup` for people: tables to stdout, what was not found to stderr. */
export function showAnswers({ results, group }: Answers): void {
  const blocks: string[] = [];
  for (const [asked, answer] of results) {
    if (answer.matches.length === 0) complain(`${asked}: ${printable(answer.why)}`);
    else blocks.push(`${headingOf(asked, answer)}\n${tableOf(answer.matches)}${siblingsOf(answer.matches)}`);
  }
  if (group !== undefined) {
    blocks.push(groupOf(group));
    const held = [...results.values()].flatMap(({ matches }) => matches);
    if (held.some(({ build }) => build === null))
      blocks.push('RPMs of this machine (local) are of no build.');
  }
  if (blocks.length > 0) print(blocks.join('\n\n'));
}

function headingOf(asked: string, { build_id, form }: LookupAnswer): string {
  const meant = build_id === undefined || form === undefined ? '' : `: ${build_id} (${form})`;
  return `${colours.bold(asked)}${meant}`;
}

function tableOf(matches: readonly Match[]): string {
  return formatTable(
    ['kind', 'path', matches.some(({ archive }) => archive) ? 'rpm/archive' : 'rpm', 'build', 'url'],
    matches.map(({ kind, path, rpm, archive, build, urls }) => [
      kind,
      path,
      rpm === undefined ? archive.filename : rpm.nvra,
      build === null ? 'local' : `${build.nvr} (${build.instance} ${build.koji_build_id}, ${build.state})`,
      bestOf(urls),
    ]),
  );
}

const SIBLING_KINDS = ['debuginfo', 'debugsource', 'source'] as const satisfies (keyof Siblings)[];

/** Each once, of all matches; nothing where none were asked for or there are none. */
function siblingsOf(matches: readonly Match[]): string {
  const rows = new Map<string, string[]>();
  for (const { rpm, build, siblings } of matches.flatMap((match) => (match.rpm === undefined ? [] : match))) {
    for (const kind of siblings === undefined ? [] : SIBLING_KINDS) {
      for (const sibling of siblings?.[kind] ?? []) {
        const key = `${build?.instance} ${sibling.rpm.koji_rpm_id ?? sibling.rpm.nvra}`;
        if (sibling.rpm.nvra !== rpm.nvra) rows.set(key, [kind, sibling.rpm.nvra, bestOf(sibling.urls)]);
      }
    }
  }
  return rows.size === 0 ? '' : `\n\n${formatTable(['with it', 'rpm', 'url'], [...rows.values()])}`;
}

function groupOf({ builds, explained, unexplained }: Group): string {
  const asked = explained + unexplained.length;
  const title = colours.bold(
    `${builds.length} ${builds.length === 1 ? 'build explains' : 'builds explain'} ${explained} of ${asked} build-ids`,
  );
  if (builds.length === 0) return title;
  const rows = builds.map(({ build, build_ids }) => [
    build.nvr,
    `${build.instance} ${build.koji_build_id}`,
    build.state,
    String(build_ids.length),
  ]);
  return `${title}\n${formatTable(['build', 'koji', 'state', 'build-ids'], rows)}`;
}

function bestOf(urls: Match['urls']): string {
  return urls[0]?.url ?? 'nowhere to be had';
}
