import type { BuildId } from '../../shared/build-id.ts';
import type { StoredMatch } from './types.ts';

type Matches = Map<BuildId, StoredMatch[]>;
type Answer = (buildIds: readonly BuildId[]) => Promise<Matches>;

interface Question {
  readonly buildIds: readonly BuildId[];
  readonly resolve: (matches: Matches) => void;
  readonly reject: (thrown: unknown) => void;
}

/** Build-ids, and with them milliseconds, after which a turn of the event loop is left to others. */
const BUILD_IDS_TOGETHER = 500;

/**
 * Answers the questions that came in one turn of the event loop together, in one transaction. A request's way
 * through the kernel, HTTP and JSON leaves little of SQLite in the processor's caches: with 16 connections, which
 * each ask for one build-id, look-ups one after the other and answers one after the other take half the time of
 * taking turns. It costs a lone question a few microseconds. A long one comes here in pieces.
 */
export function gatherLookups(answer: Answer): Answer {
  let waiting: Question[] = [];

  const answerTurn = (): void => {
    const questions = takeTurn(waiting);
    waiting = waiting.slice(questions.length);
    if (waiting.length > 0) setImmediate(answerTurn);
    void answerAll(questions, answer);
  };

  return (buildIds) =>
    new Promise((resolve, reject) => {
      if (waiting.length === 0) setImmediate(answerTurn);
      waiting.push({ buildIds, resolve, reject });
    });
}

function takeTurn(waiting: readonly Question[]): Question[] {
  let buildIds = 0;
  const end = waiting.findIndex((question) => (buildIds += question.buildIds.length) > BUILD_IDS_TOGETHER);
  return waiting.slice(0, end === -1 ? waiting.length : Math.max(1, end));
}

async function answerAll(questions: readonly Question[], answer: Answer): Promise<void> {
  try {
    const matches = await answer(questions.flatMap(({ buildIds }) => buildIds));
    for (const { buildIds, resolve } of questions) resolve(matchesOf(buildIds, matches));
  } catch (thrown) {
    const [only, ...others] = questions;
    if (others.length === 0) only?.reject(thrown);
    // A page of the database that cannot be read is no reason to refuse those who need others.
    else for (const question of questions) await answerAll([question], answer);
  }
}

function matchesOf(buildIds: readonly BuildId[], matches: Matches): Matches {
  const own: Matches = new Map();
  for (const buildId of buildIds) {
    const ofBuildId = matches.get(buildId);
    if (ofBuildId !== undefined) own.set(buildId, ofBuildId);
  }
  return own;
}
