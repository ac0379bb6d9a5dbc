import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { statusAnswer } from '../../shared/api.ts';
import { StandInHub } from '../support/stand-in-hub/stand-in-hub.ts';
import { moduleCorpus, plainCorpus } from './corpora.ts';
import { DARKSERVER } from './darkserver-index.ts';
import { figure } from './figure.ts';
import { type Peak, peakMemory } from './peak-memory.ts';

/**
 * How much memory the daemon and the decompressors that it starts take at most, with two workers that read the
 * whole corpus over HTTP. The largest RPMs stand in the same builds, so that they are read at the same time.
 */
const WORKERS = 2;
const RPMS_OF_A_BUILD = 6;

const directory = mkdtempSync(join(tmpdir(), 'darkserver-bench-'));

async function hubOf(rpms: readonly string[]): Promise<StandInHub> {
  const hub = await StandInHub.empty();
  const largestFirst = rpms.toSorted((a, b) => statSync(b).size - statSync(a).size);
  for (let start = 0; start < rpms.length; start += RPMS_OF_A_BUILD) {
    const some = largestFirst.slice(start, start + RPMS_OF_A_BUILD);
    hub.changes.addBuild({ name: `build-${start}`, version: '1', release: '1', rpms: some });
  }
  return hub;
}

async function addressOf(daemon: ChildProcess): Promise<string> {
  if (daemon.stdout === null) throw new Error('it prints nowhere');
  for await (const line of createInterface({ input: daemon.stdout })) {
    const [, url] = /^listening on (\S+)$/.exec(line) ?? [];
    if (url !== undefined) return url;
  }
  throw new Error('the daemon ended before it listened');
}

/** The builds were completed just now, so the daemon finds them by asking the hub. */
async function untilIndexed(url: string, builds: number): Promise<{ rpms: number; files: number }> {
  for (;;) {
    const status = statusAnswer.parse(await (await fetch(`${url}/api/v1/status`)).json());
    const { queued, running, failed, parked } = status.queue;
    if (failed + parked > 0) throw new Error(`builds failed: ${JSON.stringify(status.queue)}`);
    if (status.builds === builds && queued + running === 0) return status;
    await sleep(200);
  }
}

async function measure(hub: StandInHub, scan: string): Promise<{ peak: Peak; rpms: number; files: number }> {
  const database = join(directory, `${scan}.db`);
  const args = ['--database', database, 'serve', '--listen', '127.0.0.1:0', '--workers', String(WORKERS)];
  const env = {
    ...process.env,
    DARKSERVER_KOJI_HUB: hub.hubUrl,
    DARKSERVER_KOJI_TOPURL: hub.topurl,
    DARKSERVER_LOG_LEVEL: 'warn',
    DARKSERVER_INDEXER_SCAN: scan,
  };
  const daemon = spawn(DARKSERVER, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise<void>((resolve) =>
    daemon.once('exit', () => {
      resolve();
    }),
  );
  try {
    const url = await addressOf(daemon);
    const indexed = untilIndexed(url, hub.data.builds.length);
    const peak = await peakMemory(daemon.pid ?? 0, indexed);
    const { rpms, files } = await indexed;
    return { peak, rpms, files };
  } finally {
    daemon.kill();
    await ended;
  }
}

const rpms = [...plainCorpus().rpms, ...(moduleCorpus()?.rpms ?? [])];
const hub = await hubOf(rpms);
try {
  for (const scan of ['auto', 'payload']) {
    const { peak, ...indexed } = await measure(hub, scan);
    figure(
      `memory: serve, ${WORKERS} workers, ${scan}: the process tree at its largest`,
      `${Math.round(peak.bytes / 1e6)} MB`,
      `target: 300; ${peak.processes} processes then; ${indexed.rpms} RPMs over HTTP, ${indexed.files} rows`,
      { peakBytes: peak.bytes, rpms: indexed.rpms, files: indexed.files },
    );
  }
} finally {
  await hub.close();
  rmSync(directory, { recursive: true });
}
