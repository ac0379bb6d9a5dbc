import { expect, test } from '@jest/globals';
import { MemoryBudget } from '../../../daemon/indexer/memory-budget.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('who comes first is served first, and a large one is not passed by small ones', async () => {
  const budget = new MemoryBudget(10);
  const served: string[] = [];
  const take = async (name: string, bytes: number): Promise<() => void> => {
    const giveBack = await budget.take(bytes);
    served.push(name);
    return giveBack;
  };
  const a = await take('a', 6);
  const large = take('large', 8);
  const small = take('small', 1);
  await turn();
  expect(served).toEqual(['a']);
  a();
  const giveBackLarge = await large;
  await small;
  expect(served).toEqual(['a', 'large', 'small']);
  const last = take('last', 10);
  giveBackLarge();
  // Twice is once.
  giveBackLarge();
  await turn();
  expect(served).toHaveLength(3);
  (await small)();
  await last;
});

test('more than there is counts as all there is', async () => {
  const budget = new MemoryBudget(10);
  (await budget.take(1000))();
  (await budget.take(10))();
});

test('one that is called off leaves the queue, for those behind it', async () => {
  const budget = new MemoryBudget(10);
  const first = await budget.take(5);
  const calledOff = new AbortController();
  const large = budget.take(10, calledOff.signal);
  const small = budget.take(5);
  calledOff.abort(new Error('enough'));
  await expect(large).rejects.toThrow('enough');
  (await small)();
  await expect(budget.take(1, calledOff.signal)).rejects.toThrow('enough');
  first();
  await budget.take(10);
});
