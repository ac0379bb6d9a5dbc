import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from '@jest/globals';
import { isDeadWorker, workerName } from '../../daemon/worker-name.ts';
import { afterTest } from '../support/after-test.ts';

/** This process's name with another number in place of its own, or another start. */
function renamed(pid: number, start?: string): string {
  return workerName(1).replace(/:\d+\.(\d+):/, (_, own: string) => `:${pid}.${start ?? own}:`);
}

test('a worker of this process lives', () => {
  expect(workerName(3)).toMatch(/^.+:\d+\.\d+:3$/);
  expect(workerName(3)).toContain(`:${process.pid}.`);
  expect(isDeadWorker(workerName(3))).toBe(false);
});

test('a worker whose process has ended is dead', async () => {
  const child = spawn('true');
  await once(child, 'exit');
  expect(isDeadWorker(renamed(child.pid ?? 0))).toBe(true);
});

test('a worker whose number another process has by now is dead', async () => {
  const child = spawn('sleep', ['60']);
  afterTest(() => {
    child.kill();
    return Promise.resolve();
  });
  await once(child, 'spawn');
  expect(isDeadWorker(renamed(child.pid ?? 0, '1'))).toBe(true);
  expect(isDeadWorker(renamed(process.pid, '1'))).toBe(true);
});

test('of workers of other hosts, and of other names, nothing is known', () => {
  expect(isDeadWorker(`elsewhere${workerName(1)}`)).toBe(false);
  expect(isDeadWorker('somebody')).toBe(false);
  expect(isDeadWorker('')).toBe(false);
});
