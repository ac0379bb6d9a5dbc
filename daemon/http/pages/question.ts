import { MAX_PATH } from '../../../shared/api.ts';
import { type AskedBuildId, readAskedBuildId } from '../../../shared/build-id-forms.ts';
import type { KojiBuildId } from '../../../shared/koji.ts';
import { type Nvr, type Nvra, formatNvr, formatNvra, parseNvr, parseNvra } from '../../../shared/nvr.ts';
import { pickBuildIds } from './build-id-list.ts';

/** What a text may be taken for; `as` in the address of a page. */
export const QUESTION_KINDS = [
  'build-id',
  'build-ids',
  'prefix',
  'rpm',
  'build',
  'koji-build',
  'package',
  'path',
] as const;
export type QuestionKind = (typeof QUESTION_KINDS)[number];

/** What somebody asks. `text` says it again: with `as` it is the address of the answer. */
export type Question = { readonly text: string } & (
  | { readonly as: 'build-id'; readonly asked: AskedBuildId }
  | { readonly as: 'build-ids'; readonly asked: readonly AskedBuildId[] }
  | { readonly as: 'prefix' }
  | { readonly as: 'rpm'; readonly nvra: Nvra }
  | { readonly as: 'build'; readonly nvr: Nvr }
  | { readonly as: 'koji-build'; readonly instance: string; readonly kojiBuildId: KojiBuildId }
  | { readonly as: 'package' }
  | { readonly as: 'path' }
);

/** Digits below which a build-id is more likely the name of a package. */
const PREFIX_DIGITS = 8;

/** Of the build-id that linkers make unless they are told otherwise. */
const SHA1_DIGITS = 40;

/** Only to try the likelier reading first: "1.0-2.fc40" ends in something that might be an architecture too. */
const KNOWN_ARCH =
  /\.(?:noarch|src|nosrc|x86_64(?:_v\d)?|i[3-6]86|aarch64|ppc64(?:le)?|ppc|s390x?|riscv64|loongarch64|armv\w+|sparc\w*|ia64)$/;

/**
 * A text in all readings that make sense, the likeliest first: build-ids before all (several, or one of 16
 * digits and more), then paths, the beginning of a build-id, RPMs and builds, a build by Koji's own number
 * (INSTANCE/NUMBER), a package, and a build-id of few digits. [] for what can be nothing of these.
 */
export function readQuestion(text: string): Question[] {
  const trimmed = text.trim();
  if (trimmed === '') return [];
  const picked = pickBuildIds(trimmed);
  if (picked.length > 1) return [severalBuildIds(picked)];
  const isHex = /^[0-9a-f]+$/i.test(trimmed);
  // Nothing goes by such a name, and no longer build-ids than this are met.
  if (isHex && trimmed.length >= SHA1_DIGITS) return picked.map(oneBuildId);
  const isShort = isHex && trimmed.length < PREFIX_DIGITS;
  const named = withoutEpoch(fileNameOf(trimmed)).replace(/\.rpm$/, '');
  const isRpm = KNOWN_ARCH.test(named);
  return [
    ...picked.map(oneBuildId),
    read('path', trimmed),
    ...(isHex ? [read('prefix', trimmed)] : []),
    ...(isRpm
      ? // Most RPMs have the version and release of their build, and many its name.
        [read('rpm', named), read('build', named.replace(KNOWN_ARCH, ''))]
      : [read('build', named), read('rpm', named), read('koji-build', trimmed), read('package', trimmed)]),
    ...(isShort ? [read('build-id', trimmed)] : []),
  ].filter((question) => question !== null);
}

/** The same for who says what it is, as the links of the pages do. [] if it is not that. */
export function readQuestionAs(as: QuestionKind, text: string): Question[] {
  const question = read(as, text);
  return question === null ? [] : [question];
}

function read(as: QuestionKind, text: string): Question | null {
  switch (as) {
    case 'build-id': {
      const asked = readAskedBuildId(text);
      return asked === null ? null : oneBuildId(asked);
    }
    case 'build-ids': {
      const picked = pickBuildIds(text);
      return picked.length === 0 ? null : severalBuildIds(picked);
    }
    case 'prefix': {
      const prefix = text.trim().toLowerCase();
      return /^[0-9a-f]{8,128}$/.test(prefix) ? { as, text: prefix } : null;
    }
    case 'rpm': {
      const nvra = parseNvra(text);
      return nvra === null ? null : { as, text: formatNvra(nvra), nvra };
    }
    case 'build': {
      const nvr = parseNvr(text);
      return nvr === null ? null : { as, text: formatNvr(nvr), nvr };
    }
    case 'koji-build': {
      const [, instance, number] = /^([A-Za-z0-9][\w.-]{0,63})\/(\d{1,10})$/.exec(text) ?? [];
      if (instance === undefined) return null;
      return { as, text, instance, kojiBuildId: Number(number) as KojiBuildId };
    }
    case 'package':
      return /^[^\s/]{1,256}$/.test(text) ? { as, text } : null;
    // Not trimmed: a blank at the end of a path belongs to it.
    case 'path':
      return text.startsWith('/') && text.length <= MAX_PATH ? { as, text } : null;
  }
}

const oneBuildId = (asked: AskedBuildId): Question => ({ as: 'build-id', text: asked.asked, asked });

const severalBuildIds = (asked: readonly AskedBuildId[]): Question => ({
  as: 'build-ids',
  text: asked.map((each) => each.asked).join(' '),
  asked,
});

/** Of the URL or the path of an RPM its file name. */
function fileNameOf(text: string): string {
  return /^(?:https?:\/)?\/.*\/([^/]+\.rpm)$/.exec(text)?.[1] ?? text;
}

/** "name-2:1.0-1.x86_64", as dnf writes it, and "2:name-1.0-1.x86_64": epochs are no part of file names. */
function withoutEpoch(text: string): string {
  return text.replace(/(^|-)\d+:/, '$1');
}
