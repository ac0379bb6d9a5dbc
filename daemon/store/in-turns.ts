import { setImmediate as nextTurn } from 'node:timers/promises';

/**
 * Answers a long question in pieces of so many members, each of one moment, and leaves a turn of the event loop to
 * others between two of them: a batch of thousands of build-ids has hundreds of thousands of siblings.
 */
export async function inTurns<Asked, Key, Value>(
  asked: readonly Asked[],
  pieceSize: number,
  answer: (piece: readonly Asked[]) => Promise<Map<Key, Value>>,
): Promise<Map<Key, Value>> {
  if (asked.length <= pieceSize) return answer(asked);
  const answers = new Map<Key, Value>();
  for (let from = 0; from < asked.length; from += pieceSize) {
    if (from > 0) await nextTurn();
    for (const [key, value] of await answer(asked.slice(from, from + pieceSize))) answers.set(key, value);
  }
  return answers;
}
