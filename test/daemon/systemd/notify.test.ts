import { expect, jest, test } from '@jest/globals';
import { Service } from '../../../daemon/systemd/notify.ts';
import { EXIT } from '../../../shared/errors.ts';
import { afterTest } from '../../support/after-test.ts';
import { databasePath } from '../../support/database-file.ts';
import { startDarkserver } from '../../support/darkserver.ts';
import { recordingLog } from '../../support/recording-log.ts';
import { startServiceManager } from '../../support/service-manager.ts';

jest.setTimeout(60_000);

/** Microseconds, as systemd gives them. */
const WATCHDOG = '150000';

async function service(more: Record<string, string> = {}) {
  const manager = await startServiceManager();
  const log = recordingLog();
  const environment = { PATH: process.env['PATH'], NOTIFY_SOCKET: manager.socket, ...more };
  const made = new Service({ environment, log });
  afterTest(() => made.stopping());
  return { manager, log, service: made };
}

const lives = () => Promise.resolve(true);

test('the daemon says when it is ready, that it lives, and when it stops', async () => {
  const manager = await startServiceManager();
  const running = startDarkserver(
    [
      ...['--database', databasePath(), 'serve', '--workers', '0', '--listen', '127.0.0.1:0'],
      ...['--koji-hub', 'http://127.0.0.1:1/hub', '--koji-topurl', 'http://127.0.0.1:1'],
    ],
    { environment: { NOTIFY_SOCKET: manager.socket, WATCHDOG_USEC: WATCHDOG } },
  );
  const [, url = ''] = await running.printed('stdout', /listening on (\S+)/);
  await manager.untilTold('WATCHDOG=1', 3);
  running.signal('SIGTERM');
  await manager.untilTold('STOPPING=1');
  expect((await running.ended).code).toBe(EXIT.done);
  expect(manager.told[0]).toEqual(['READY=1', `STATUS=listening on ${url}`]);
  expect(manager.told.at(-1)).toEqual(['STOPPING=1', 'STATUS=finishing what is in hand']);
  expect(new Set(manager.told.slice(1, -1).flat())).toEqual(new Set(['WATCHDOG=1']));
});

test('a watchdog is not fed by a daemon that does not live, and fed again when it does', async () => {
  const { service: daemon, manager, log } = await service({ WATCHDOG_USEC: WATCHDOG });
  const asked: (() => Promise<boolean>)[] = [
    () => Promise.resolve(false),
    () => Promise.reject(new Error('no answer')),
    () => Promise.resolve(false),
  ];
  let fedBefore: number | null = null;
  await daemon.ready('ready', () => {
    const answer = asked.shift();
    if (answer !== undefined) return answer();
    fedBefore ??= manager.told.length;
    return lives();
  });
  await manager.untilTold('WATCHDOG=1');
  expect(fedBefore).toBe(1);
  expect(log.lines.map(({ level, message }) => `${level}: ${message}`)).toEqual(
    Array.from({ length: 3 }, () => 'error: the watchdog is not fed: the daemon does not answer itself'),
  );
});

test('one that asks forever whether it lives is not fed', async () => {
  const { service: daemon, manager } = await service({ WATCHDOG_USEC: WATCHDOG });
  let asked = 0;
  const isAsked = new Promise<void>((resolve) => {
    void daemon.ready('ready', () => {
      asked++;
      resolve();
      return new Promise(() => undefined);
    });
  });
  await isAsked;
  await daemon.stopping();
  expect(asked).toBe(1);
  expect(manager.told.flat()).not.toContain('WATCHDOG=1');
});

test.each([
  ['no watchdog', {}],
  ['a watchdog over another process', { WATCHDOG_USEC: WATCHDOG, WATCHDOG_PID: '1' }],
])('%s is not fed', async (_, environment) => {
  const { service: daemon, manager } = await service(environment);
  let asked = 0;
  await daemon.ready('ready', () => {
    asked++;
    return lives();
  });
  await new Promise((resolve) => setTimeout(resolve, 200));
  await daemon.stopping();
  expect(asked).toBe(0);
  expect(manager.told.map(([first]) => first)).toEqual(['READY=1', 'STOPPING=1']);
});

test('without a manager nothing is told, and none is missed', async () => {
  const log = recordingLog();
  const daemon = new Service({ environment: {}, log });
  await daemon.ready('ready', lives);
  await daemon.stopping();
  expect(log.lines).toEqual([]);
});

test('a notification that cannot be sent is an error in the log, and no more', async () => {
  const log = recordingLog();
  const daemon = new Service({ environment: { PATH: '/nowhere', NOTIFY_SOCKET: '/nowhere/notify' }, log });
  await daemon.ready('ready', lives);
  expect(log.lines).toMatchObject([
    {
      level: 'error',
      message: expect.stringMatching(/^cannot tell the service manager READY=1: .*systemd-notify/),
    },
  ]);
});
