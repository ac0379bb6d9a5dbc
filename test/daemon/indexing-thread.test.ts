import { describe, expect, jest, test } from '@jest/globals';
import type { ThreadData } from '../../daemon/indexing-messages.ts';
import { IndexingThread } from '../../daemon/indexing-thread.ts';
import { silentLog } from '../../daemon/log.ts';
import { PRIORITY } from '../../daemon/store/types.ts';
import type { KojiBuildId } from '../../shared/koji.ts';
import { afterTest } from '../support/after-test.ts';
import { failing } from '../support/koji-http.ts';
import { recordingLog } from '../support/recording-log.ts';

/** Nothing here looks at it. */
const DATA = { config: {}, logLevel: 'info' } as unknown as ThreadData;

/** A thread that runs this in place of the indexing. */
function openThread(code: string, log = silentLog): Promise<IndexingThread> {
  const program = `
    import { parentPort, workerData } from 'node:worker_threads';
    const send = (message) => parentPort.postMessage(message);
    ${code}`;
  return IndexingThread.open(DATA, log, new URL(`data:text/javascript,${encodeURIComponent(program)}`));
}

async function openUntilClosed(code: string, log = silentLog): Promise<IndexingThread> {
  const thread = await openThread(code, log);
  afterTest(() => thread.close());
  return thread;
}

/** Answers each call with its method and arguments. */
const ECHO = `
  parentPort.on('message', ({ call, method, args }) => send({ kind: 'answer', call, value: [method, ...args] }));
  send({ kind: 'ready' });`;

const BUILDS = [7] as unknown as KojiBuildId[];

describe('a thread', () => {
  test('is called, and each call has its own answer', async () => {
    const thread = await openUntilClosed(ECHO);
    const answers = [
      thread.enqueue('lab', BUILDS, PRIORITY.push),
      thread.recordPush('lab', 3),
      thread.stop('now'),
    ];
    expect(await Promise.all(answers)).toEqual([
      ['enqueue', 'lab', BUILDS, 0],
      ['recordPush', 'lab', 3],
      undefined,
    ]);
    expect(thread.isAlive()).toBe(true);
  });

  test('sends errors with their codes', async () => {
    const thread = await openUntilClosed(`
      parentPort.on('message', ({ call, method }) => method === 'close'
        ? send({ kind: 'answer', call })
        : send({ kind: 'error', call, error: { code: 'store', message: 'the disk is full' } }));
      send({ kind: 'ready' });`);
    await expect(thread.enqueue('lab', BUILDS, PRIORITY.push)).rejects.toEqual(
      failing('store', /^the disk is full$/),
    );
    await expect(thread.stop()).rejects.toEqual(failing('store', /full/));
  });

  test('whose database cannot be opened says why', async () => {
    const opening = openThread(
      `send({ kind: 'failed', error: { code: 'configuration', message: 'no such file' } });`,
    );
    await expect(opening).rejects.toEqual(failing('configuration', /^no such file$/));
  });

  test('logs through the log of the other', async () => {
    const log = recordingLog();
    const thread = await openUntilClosed(
      `send({ kind: 'log', level: 'warn', message: 'said', fields: { job_id: 3 } });${ECHO}`,
      log,
    );
    expect(log.lines).toEqual([{ level: 'warn', message: 'said', fields: { job_id: 3 } }]);
    await thread.wake();
  });

  test('that says nothing for long counts as hanging, until it says something', async () => {
    const thread = await openUntilClosed(ECHO);
    const later = performance.now() + 61_000;
    const clock = jest.spyOn(performance, 'now').mockReturnValue(later);
    afterTest(() => {
      clock.mockRestore();
    });
    expect(thread.isAlive()).toBe(false);
    await thread.wake();
    expect(thread.isAlive()).toBe(true);
  });
});

describe('a thread that ends by itself', () => {
  test.each([
    ['an exception', `setTimeout(() => { throw new Error('a defect'); });`, /has failed: a defect$/],
    ['a rejection', `void Promise.reject(new Error('a defect'));`, /has failed: a defect$/],
    ['an exit', 'process.exit(3);', /has ended with exit code 3$/],
  ])('by %s fails what was asked of it and what will be', async (_how, end, message) => {
    const thread = await openUntilClosed(`
      parentPort.on('message', () => { ${end} });
      send({ kind: 'ready' });`);
    const asked = [thread.enqueue('lab', BUILDS, PRIORITY.push), thread.recordPush('lab', 1)];
    for (const each of [...asked, thread.died])
      await expect(each).rejects.toEqual(failing('internal', message));
    expect(thread.isAlive()).toBe(false);
    await expect(thread.enqueue('lab', BUILDS, PRIORITY.push)).rejects.toEqual(failing('internal', message));
    await thread.stop();
  });

  test('before it is ready cannot be opened', async () => {
    await expect(openThread(`throw new Error('no memory');`)).rejects.toEqual(
      failing('internal', /failed: no memory/),
    );
  });

  test('because it was closed has not died', async () => {
    const thread = await openThread(ECHO);
    let died = false;
    thread.died.catch(() => (died = true));
    await thread.close();
    expect(died).toBe(false);
    expect(thread.isAlive()).toBe(false);
  });
});
