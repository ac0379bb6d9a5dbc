import { describe, expect, test } from '@jest/globals';
import { gatherLookups } from '../../../daemon/store/gathered-lookups.ts';
import type { StoredMatch } from '../../../daemon/store/types.ts';
import type { BuildId } from '../../../shared/build-id.ts';

const id = (number: number): BuildId => number.toString(16).padStart(40, '0') as BuildId;
const ids = (from: number, count: number): BuildId[] => Array.from({ length: count }, (_, i) => id(from + i));
const matchesOf = (buildId: BuildId): StoredMatch[] => [{ file: { buildId } } as StoredMatch];

/** A store that knows every even build-id, and what it was asked. */
function recordingStore(isBroken: (buildId: BuildId) => boolean = () => false) {
  const asked: BuildId[][] = [];
  const find = gatherLookups((buildIds) => {
    asked.push([...buildIds]);
    if (buildIds.some(isBroken)) return Promise.reject(new Error('disk I/O error'));
    const known = buildIds.filter((buildId) => Number.parseInt(buildId.slice(-1), 16) % 2 === 0);
    return Promise.resolve(new Map(known.map((buildId) => [buildId, matchesOf(buildId)])));
  });
  return { asked, find };
}

describe('questions that come in one turn of the event loop', () => {
  test('are answered together, each with what it asked for and nothing else', async () => {
    const { asked, find } = recordingStore();
    const answers = await Promise.all([find([id(2)]), find([id(3)]), find([id(4), id(5), id(2)]), find([])]);
    expect(asked).toEqual([[id(2), id(3), id(4), id(5), id(2)]]);
    expect(answers.map((answer) => [...answer.keys()])).toEqual([[id(2)], [], [id(4), id(2)], []]);
    expect(answers[2].get(id(4))).toEqual(matchesOf(id(4)));
  });

  test('leave the turn to others after some hundred build-ids, and keep their order', async () => {
    const { asked, find } = recordingStore();
    await Promise.all([
      find(ids(0, 300)),
      find(ids(300, 200)),
      find([id(500)]),
      find(ids(501, 5000)),
      find([id(9000)]),
    ]);
    expect(asked.map((each) => [each[0], each.length])).toEqual([
      [id(0), 500],
      [id(500), 1],
      [id(501), 5000],
      [id(9000), 1],
    ]);
  });

  test('that cannot be answered harm no others', async () => {
    const { find } = recordingStore((buildId) => buildId === id(6));
    const answers = await Promise.allSettled([find([id(2)]), find([id(6)]), find([id(4)])]);
    expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    await expect(find([id(6)])).rejects.toThrow('disk I/O error');
    expect([...(await find([id(8)])).keys()]).toEqual([id(8)]);
  });
});

test('a question of the next turn is asked anew', async () => {
  const { asked, find } = recordingStore();
  await find([id(2)]);
  await find([id(2)]);
  expect(asked).toEqual([[id(2)], [id(2)]]);
});
