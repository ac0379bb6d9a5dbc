import type { BuildIdAnswer, Match } from '../../shared/api.ts';
import type { DaemonProcess } from './child.ts';
import type { DemoKoji } from './demo-koji.ts';
import type { Narrator } from './narrator.ts';
import type { TrueFile } from './truth.ts';

/** What every part of the story needs. */
export interface Story {
  readonly koji: DemoKoji;
  readonly daemon: DaemonProcess;
  /** Holds the configurations, the token and the database. */
  readonly directory: string;
  readonly truth: readonly TrueFile[];
  readonly narrator: Narrator;
  /** Aborts when the demo has taken too long, or is interrupted. */
  readonly signal: AbortSignal;
}

/** The files with this build-id; the same of an answer and of the truth is the same text. */
function rowsOf(files: readonly TrueFile[], buildId: string): string {
  const rows = files.filter((file) => file.buildId === buildId);
  return rows
    .map(({ nvra, path, kind }) => `${nvra} ${path} ${kind}`)
    .sort()
    .join('\n');
}

/** True if these matches are all that the truth has for the build-id, and nothing else. */
export function isTrue({ truth }: Story, buildId: string, matches: readonly Match[]): boolean {
  const answered = matches.map(({ rpm, path, kind }) => ({ nvra: rpm?.nvra ?? '', path, kind, buildId }));
  return rowsOf(answered, buildId) === rowsOf(truth, buildId);
}

export function buildIdOf({ truth }: Story, nvra: string, path: string): string {
  const found = truth.find((file) => file.nvra === nvra && file.path === path);
  if (found === undefined) throw new Error(`truth.tsv has no ${path} of ${nvra}`);
  return found.buildId;
}

/** The JSON that the daemon answers with. */
export async function ask({ daemon, signal }: Story, path: string, init: RequestInit = {}): Promise<unknown> {
  const response = await fetch(daemon.url + path, { ...init, signal });
  return response.json();
}

/** What the daemon knows of one build-id; nothing where it answers with an error. */
export async function matchesOf(story: Story, buildId: string): Promise<Match[]> {
  const answer = (await ask(story, `/api/v1/buildids/${buildId}`)) as Partial<BuildIdAnswer>;
  return answer.matches ?? [];
}
