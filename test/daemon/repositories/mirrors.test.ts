import { expect, test } from '@jest/globals';
import { askMirrors } from '../../../daemon/repositories/mirrors.ts';
import { DarkserverError } from '../../../shared/errors.ts';

const MIRRORS = Array.from({ length: 9 }, (_, number) => `http://mirror${number}.example/`);

/** Connections that count themselves. */
function connections() {
  const counts = { opened: 0, closed: 0 };
  const open = () => {
    counts.opened++;
    return {
      getFile: () => Promise.reject(new Error('nobody asks for a file here')),
      close: () => {
        counts.closed++;
      },
    };
  };
  return { counts, open };
}

test('five mirrors are asked, each over connections of its own, which are closed', async () => {
  const { counts, open } = connections();
  const asked: string[] = [];
  const failed = askMirrors(MIRRORS, open, (baseUrl) => {
    asked.push(baseUrl);
    return Promise.reject(new DarkserverError('network', `${baseUrl}: ${'x'.repeat(1000)}`));
  });
  const error = await failed.catch((thrown: unknown) => thrown as DarkserverError);
  expect(asked).toEqual(MIRRORS.slice(0, 5));
  expect(counts).toEqual({ opened: 5, closed: 5 });
  expect(error).toMatchObject({ code: 'network' });
  expect(error.message).toMatch(/^none of 5 mirrors works: http:\/\/mirror0\.example\/: x+$/);
  expect(error.message).toHaveLength(1000);
});

test('they are closed, too, where one works and where something else is wrong', async () => {
  const { counts, open } = connections();
  expect(await askMirrors(MIRRORS, open, (baseUrl) => Promise.resolve(baseUrl))).toBe(MIRRORS[0]);
  const full = new DarkserverError('store', 'the disk is full');
  await expect(askMirrors(MIRRORS, open, () => Promise.reject(full))).rejects.toBe(full);
  expect(counts).toEqual({ opened: 2, closed: 2 });
});
