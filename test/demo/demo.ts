import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { completeBuilds, deleteBuild } from './announcements.ts';
import { type DaemonProcess, startDaemonProcess } from './child.ts';
import { DemoKoji } from './demo-koji.ts';
import { Narrator } from './narrator.ts';
import { askAsUpstream, askForAll, askForNothing, askForOne, download } from './questions.ts';
import { readTruth } from './truth.ts';

/**
 * `make demo`: from builds that a Koji finishes to answered queries, with the real plugin, the real daemon and
 * real RPMs; only the Koji is a stand-in. Exit code 0 if every answer was what readelf says of the packages.
 */
const LIMIT = 120_000; // milliseconds for all of it
const INSTANCE = 'demo';

async function configureDaemon(directory: string, koji: DemoKoji): Promise<string> {
  const config = join(directory, 'darkserver.toml');
  await writeFile(join(directory, 'push.token'), `${randomBytes(24).toString('hex')}\n`, { mode: 0o600 });
  await writeFile(
    config,
    `[http]
listen = "127.0.0.1:0"
[database]
path = "darkserver.db"
[push]
token_file = "push.token"
[[koji]]
name = "${INSTANCE}"
hub = "${koji.hubUrl}"
topurl = "${koji.topUrl}"
`,
  );
  return config;
}

async function configurePlugin(directory: string, daemon: DaemonProcess): Promise<void> {
  await writeFile(
    join(directory, 'plugin.conf'),
    `[darkserver]
url = ${daemon.url}
instance = ${INSTANCE}
token_file = ${join(directory, 'push.token')}
timeout = 10
`,
  );
}

/** Returns whether every answer was right. */
async function tell(directory: string, signal: AbortSignal): Promise<boolean> {
  const narrator = new Narrator();
  narrator.step('A Koji, and a daemon that knows it');
  const koji = await DemoKoji.start();
  let daemon: DaemonProcess | undefined;
  try {
    narrator.say(`A stand-in hub, ${koji.hubUrl}, has built the RPMs of test/fixtures/rpms.`);
    daemon = await startDaemonProcess(await configureDaemon(directory, koji), signal);
    narrator.say(`dist/daemon/main.js serve: listening on ${daemon.url}, the database is empty.`);
    await configurePlugin(directory, daemon);
    const story = { koji, daemon, directory, truth: readTruth(), narrator, signal };
    await completeBuilds(story);
    await askForOne(story);
    await askForAll(story);
    await download(story);
    await askAsUpstream(story);
    await askForNothing(story);
    await deleteBuild(story);
    narrator.step('Stop');
    const code = await daemon.stop();
    narrator.check('the daemon ended by itself when it was told to', code === 0, code);
    return narrator.conclude();
  } catch (error) {
    console.error(`\nThe daemon's log:\n${daemon?.log() ?? '(it did not start)'}`);
    throw error;
  } finally {
    await daemon?.stop();
    await koji.close();
  }
}

const interrupted = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.once(name, () => {
    interrupted.abort(new Error(`ended by ${name}`));
  });
}
// Nobody reads any more (`make demo | head`): what runs must be stopped all the same.
process.stdout.on('error', (error) => {
  interrupted.abort(error);
});
const directory = await mkdtemp(join(tmpdir(), 'darkserver-demo-'));
try {
  console.log('Darkserver: from a finished build to an answered query.');
  const right = await tell(directory, AbortSignal.any([interrupted.signal, AbortSignal.timeout(LIMIT)]));
  process.exitCode = right ? 0 : 1;
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  await rm(directory, { recursive: true, force: true });
}
