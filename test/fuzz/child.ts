import assert from 'node:assert/strict';
import { readdirSync, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { getHeapStatistics } from 'node:v8';
import fc from 'fast-check';
import { DarkserverError } from '../../shared/errors.ts';
import { COUNT_DESCRIPTOR } from './part.ts';
import type { Part, PartOutcome } from './part.ts';
import type { OpenTarget } from './target.ts';
import { findTarget } from './targets.ts';

/** Runs parts one after another, as the parent process sends them. What kills it, the parent sees. */

/** Descriptors that may be left open between parts: pipes kept for the next child, and connections. */
const SPARE_DESCRIPTORS = 32;
/** Characters of an error's message; names of cpio entries are quoted in full. */
const MESSAGE_MAX = 16 * 1024;
/** Input of a failure that is shown. */
const SHOWN = 2000;

const count = Buffer.alloc(8);

/**
 * Tells the parent which input is at hand; negative while the one behind it is being made, which takes its time too,
 * and 0 for none. Not by a message, which would wait for its turn.
 */
function tellCount(inputs: number): void {
  count.writeDoubleLE(inputs);
  writeSync(COUNT_DESCRIPTOR, count, 0, count.length, 0);
}

/** Bytes of buffers that are in use or wait for the garbage collector. */
const bufferBytes = (): number => getHeapStatistics().external_memory;

async function readOne(target: OpenTarget<unknown>, input: unknown): Promise<void> {
  try {
    await target.read(input);
  } catch (error) {
    if (!(error instanceof DarkserverError) || !target.errors.includes(error.code)) throw error;
    // Messages are kept with jobs and shown to people, and quote what the input says.
    assert.ok(error.message.length <= MESSAGE_MAX, `a message of ${error.message.length} characters`);
  }
}

async function check(target: OpenTarget<unknown>, input: unknown): Promise<void> {
  const most = target.mayAllocate(input);
  const before = bufferBytes();
  await readOne(target, input);
  if (bufferBytes() - before <= most) return;
  // Once more, without what others have left behind or freed meanwhile.
  globalThis.gc?.();
  const cleanBefore = bufferBytes();
  await readOne(target, input);
  const used = bufferBytes() - cleanBefore;
  assert.ok(used <= most, `it allocates ${used} bytes in buffers, and may allocate ${most}`);
}

/** Milliseconds that a child which was killed may take to end, on a machine that has other things to do. */
const CHILD_ENDS = 5000;

async function areChildrenGone(): Promise<boolean> {
  const end = performance.now() + CHILD_ENDS;
  while (process.getActiveResourcesInfo().includes('ProcessWrap')) {
    if (performance.now() > end) return false;
    await sleep(20);
  }
  return true;
}

const openDescriptors = (): number => readdirSync('/proc/self/fd').length;

/** What goes wrong outside of any call: no input may cause it either. */
let stray: Error | null = null;
const onStray = (error: unknown): void => {
  stray ??= error instanceof Error ? error : new Error(String(error));
};
process.on('uncaughtException', onStray);
process.on('unhandledRejection', onStray);

function takeStray(): void {
  const error = stray;
  stray = null;
  if (error !== null) throw new Error('an error was thrown outside of the call', { cause: error });
}

async function run(part: Part): Promise<PartOutcome> {
  const target = await findTarget(part.target).open();
  let inputs = 0;
  let descriptors = 0;
  const property = fc.asyncProperty(target.inputs, async (input) => {
    tellCount(++inputs);
    await check(target, input);
    tellCount(-inputs);
    if (inputs === 1) descriptors = openDescriptors();
    takeStray();
  });
  const { failed, counterexample, counterexamplePath, errorInstance } = await fc.check(property, {
    seed: part.seed,
    numRuns: part.runs,
    ...(part.path === undefined ? {} : { path: part.path }),
  });
  tellCount(0);
  await target.close?.();
  const messages: string[] = [];
  if (failed) {
    const { stack = String(errorInstance), cause } = errorInstance as Error;
    const why = cause instanceof Error ? `\ncaused by ${cause.stack ?? cause.message}` : '';
    messages.push(`${stack}${why}\ninput: ${fc.stringify(counterexample?.[0]).slice(0, SHOWN)}`);
  } else if (openDescriptors() > descriptors + SPARE_DESCRIPTORS) {
    messages.push(`${openDescriptors()} descriptors are open after it, ${descriptors} were before`);
  } else if (!(await areChildrenGone())) {
    messages.push('a child is still running after it');
  }
  const [message] = messages;
  return {
    ran: inputs,
    failure: message === undefined ? null : { part, path: counterexamplePath ?? '0', message },
    peakBytes: process.resourceUsage().maxRSS * 1024,
  };
}

process.on('message', (part: Part) => {
  void run(part).then(
    (outcome) => process.send?.(outcome),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
});
process.on('disconnect', () => {
  process.exit();
});
