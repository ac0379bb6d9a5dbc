import { copyFileSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { DarkserverError, EXIT } from '../../../shared/errors.ts';
import { indexLocalRpms, type LocalWork } from '../../../daemon/cli/index-local-run.ts';
import { ScanThread } from '../../../daemon/indexer/scan-thread.ts';
import { openStore, openStoreForReading } from '../../../daemon/store/sqlite-store.ts';
import { databasePath } from '../../support/database-file.ts';
import { darkserver } from '../../support/darkserver.ts';
import { BUILT_SCAN_THREAD, threadProgram } from '../../support/scan-thread.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const FIXTURES = fileURLToPath(new URL('../../fixtures/rpms/', import.meta.url));
const RPMS = readdirSync(FIXTURES).filter((name) => name.endsWith('.rpm'));
const COPIES = 30;
const MANY = COPIES * RPMS.length;

/** Copies of the fixtures, enough for a thread to be started; returns the directories. */
function manyRpms(): { top: string; directories: string[] } {
  const top = temporaryDirectory();
  const directories = Array.from({ length: COPIES }, (_, copy) => join(top, `${copy}`));
  for (const directory of directories) {
    mkdirSync(directory);
    for (const name of RPMS) copyFileSync(join(FIXTURES, name), join(directory, name));
  }
  return { top, directories };
}

/** What `index` does, with what it said and how many RPMs it asked a thread for, which runs `program`. */
async function index(
  database: string,
  paths: readonly string[],
  options: Partial<LocalWork> & { program?: URL; onShow?: (done: number) => void } = {},
) {
  const { program = BUILT_SCAN_THREAD, onShow, ...work } = options;
  const said: string[] = [];
  const asked = new Set<string>();
  class CountedThread extends ScanThread {
    override scan(rpms: readonly string[]) {
      for (const rpm of rpms) asked.add(rpm);
      return super.scan(rpms);
    }
  }
  const store = openStore(database);
  try {
    const tally = await indexLocalRpms({
      paths,
      index: store.index,
      scan: 'header',
      readAgain: false,
      atOnce: 3,
      progress: {
        show: (done) => onShow?.(done),
        say: (line) => said.push(line),
        end: () => undefined,
      },
      signal: new AbortController().signal,
      startThread: (onLost) => new CountedThread(onLost, program),
      ...work,
    });
    return { tally, said: said.sort(), asked: asked.size };
  } finally {
    await store.close();
  }
}

/** What the index holds of each RPM, by path. */
async function stored(database: string): Promise<Map<string, unknown>> {
  const store = openStoreForReading(database);
  const found = new Map<string, unknown>();
  try {
    for (let key = 1; ;) {
      const holder = await store.index.holderFrom(key);
      if (holder?.rpm === undefined) return found;
      found.set(holder.rpm.localPath ?? '', { rpm: holder.rpm, files: holder.files });
      key = holder.holderKey + 1;
    }
  } finally {
    await store.close();
  }
}

describe('many RPMs', () => {
  test('are indexed by two threads as by one', async () => {
    const { top, directories } = manyRpms();
    const [alone, together] = [databasePath(), databasePath()];
    let [files, bytesRead] = [0, 0];
    for (const directory of directories) {
      const { tally, asked } = await index(alone, [directory]);
      expect(asked).toBe(0);
      files += tally.files;
      bytesRead += tally.bytesRead;
    }
    const { tally, asked, said } = await index(together, [top]);
    expect(tally).toEqual({ indexed: MANY, unchanged: 0, failed: 0, files, bytesRead });
    expect(said).toEqual([]);
    expect(asked).toBeGreaterThan(MANY / 4);
    expect(await stored(together)).toEqual(await stored(alone));
  });

  test('are left as they are when nothing has changed, and read again where one has', async () => {
    const { top, directories } = manyRpms();
    const database = databasePath();
    await index(database, [top]);
    const again = await index(database, [top]);
    expect(again.tally).toEqual({ indexed: 0, unchanged: MANY, failed: 0, files: 0, bytesRead: 0 });
    expect(again.asked).toBeGreaterThan(MANY / 4);
    for (const directory of directories) {
      copyFileSync(
        join(FIXTURES, 'greet-1.1-1.fc40.x86_64.rpm'),
        join(directory, 'greet-1.0-1.fc40.x86_64.rpm'),
      );
    }
    const changed = await index(database, [top]);
    expect(changed.tally).toMatchObject({ indexed: COPIES, unchanged: MANY - COPIES });
  });

  test.each(['auto', 'payload'] as const)(
    'are read without a thread where payloads may be read: %s',
    async (scan) => {
      const { top } = manyRpms();
      const stop = new AbortController();
      const onShow = (done: number): void => {
        if (done === 30) stop.abort();
      };
      const options = { scan, signal: stop.signal, onShow };
      const { asked, tally } = await index(databasePath(), [top], options);
      expect(tally.indexed).toBeGreaterThanOrEqual(30);
      expect(asked).toBe(0);
    },
  );

  test('that include broken ones: each is a line, as one thread says it', async () => {
    const { top, directories } = manyRpms();
    const broken = ['empty.rpm', 'wrong-lead-magic.rpm', 'cut-in-header.rpm'];
    for (const directory of directories) {
      for (const name of broken) copyFileSync(join(FIXTURES, 'broken', name), join(directory, name));
    }
    const alone = await Promise.all(directories.map((directory) => index(databasePath(), [directory])));
    const { tally, said, asked } = await index(databasePath(), [top]);
    expect(said).toEqual(alone.flatMap((each) => each.said).sort());
    expect(said).toHaveLength(COPIES * broken.length);
    expect(tally).toMatchObject({ indexed: MANY, unchanged: 0, failed: said.length });
    expect(asked).toBeGreaterThan(MANY / 4);
  });

  test('are all indexed if the thread ends before', async () => {
    const { top } = manyRpms();
    const program = threadProgram(`
      let asked = 0;
      parentPort.on('message', (paths) => {
        if (++asked === 4) process.exit(7);
        parentPort.postMessage(JSON.stringify(paths.map(() => null)));
      });`);
    const database = databasePath();
    const { tally, said } = await index(database, [top], { program });
    expect(tally).toMatchObject({ indexed: MANY, failed: 0 });
    expect(said).toEqual([
      expect.stringMatching(/^the thread that reads headers has ended \(exit code 7\): /),
    ]);
    expect((await stored(database)).size).toBe(MANY);
  });

  test('leave no thread behind where the last of them cannot be written', async () => {
    const { top } = manyRpms();
    let [done, started, closed] = [0, 0, 0];
    class WatchedThread extends ScanThread {
      override close() {
        closed++;
        return super.close();
      }
    }
    const failing = index(databasePath(), [top], {
      index: {
        knownLocalRpm: () => Promise.resolve(null),
        replaceLocalRpms: () =>
          done === MANY
            ? Promise.reject(new DarkserverError('store', 'its disk is full'))
            : Promise.resolve(new Map()),
      },
      onShow: (shown) => (done = shown),
      startThread: (onLost) => {
        started++;
        return new WatchedThread(onLost, BUILT_SCAN_THREAD);
      },
    });
    await expect(failing).rejects.toThrow('its disk is full');
    expect([started, closed]).toEqual([1, 1]);
  });

  test('are indexed up to what is in hand when it is to stop', async () => {
    const { top } = manyRpms();
    const database = databasePath();
    const stop = new AbortController();
    const onShow = (done: number): void => {
      if (done === 300) stop.abort();
    };
    const { tally, asked } = await index(database, [top], { signal: stop.signal, onShow });
    expect(asked).toBeGreaterThan(0);
    expect(tally.indexed).toBeGreaterThanOrEqual(300);
    expect(tally.indexed).toBeLessThan(MANY);
    expect((await stored(database)).size).toBe(tally.indexed);
    const rest = await index(database, [top]);
    expect(rest.tally).toMatchObject({ indexed: MANY - tally.indexed, unchanged: tally.indexed });
  });

  test('are read by the program as it is installed, its thread included', async () => {
    const { top } = manyRpms();
    const { code, stdout, stderr } = await darkserver([
      '--database',
      databasePath(),
      'index',
      '--scan',
      'header',
      top,
    ]);
    expect(stderr).not.toContain('thread');
    expect(stdout).toMatch(new RegExp(`^${MANY} RPMs: ${MANY} indexed, 0 unchanged, 0 failed; `));
    expect(code).toBe(EXIT.done);
  });
});
