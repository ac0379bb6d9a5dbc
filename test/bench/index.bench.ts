import { linkSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { type Corpus, moduleCorpus, plainCorpus } from './corpora.ts';
import { type Cost, costOf, medianOf } from './cost.ts';
import { DARKSERVER, type IndexRun, indexOnce } from './darkserver-index.ts';
import { type DebuginfodScan, debuginfodScan } from './debuginfod.ts';
import { figure } from './figure.ts';
import { readHeaders, unpackPayloads } from './floors.ts';

/**
 * What `darkserver index` costs, as a whole process with its children from start to end, beside what is
 * measured in the same run: debuginfod over the same files, the payloads through the system's own
 * decompressors, a bare read of the headers. The files are in memory by then, as all of them were read.
 */
const ROUNDS = 3;
/** Fewer RPMs are gone before the clock has ticked often enough. */
const RPMS_FOR_A_RATE = 5000;
/** So many, and the start of the program is a small part of what they cost. */
const MANY_KERNELS = 16;

const directory = mkdtempSync(join(tmpdir(), 'darkserver-bench-'));
const database = join(directory, 'index.db');

const million = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;
const seconds = ({ wall, cpu }: Cost): string => `${cpu.toFixed(2)} s of processor, ${wall.toFixed(1)} s`;
const found = ({ files, buildIds }: IndexRun): string => `${files} files with ${buildIds} build-ids`;

function describe(what: string, corpus: Corpus): void {
  const { length } = corpus.rpms;
  figure(`index: ${what}`, `${length} RPMs`, million(corpus.bytes), { rpms: length, bytes: corpus.bytes });
}

function between(a: Cost, b: Cost): Cost {
  return { wall: (a.wall + b.wall) / 2, cpu: (a.cpu + b.cpu) / 2 };
}

/** What is small is written as a fraction: "1/20". */
function times(mine: number, theirs: number): string {
  return mine < theirs / 2 ? `1/${(theirs / mine).toFixed(1)}` : (mine / theirs).toFixed(2);
}

function besideDebuginfod(what: string, mine: IndexRun, peer: DebuginfodScan | null, target: string): void {
  if (peer === null) {
    console.log('debuginfod is not here, or may not have a network of its own: left out.');
    figure(`index: auto, ${what}`, seconds(mine), found(mine), { cpu: mine.cpu, files: mine.files });
    return;
  }
  figure(`index: auto, ${what}: processor beside debuginfod's`, times(mine.cpu, peer.cpu), target, {
    ...{ cpu: mine.cpu, wall: mine.wall, files: mine.files, buildIds: mine.buildIds },
    ...{ debuginfodCpu: peer.cpu, debuginfodWall: peer.wall, debuginfodBuildIds: peer.buildIds },
  });
  figure('  darkserver', seconds(mine), found(mine));
  figure('  debuginfod', seconds(peer), `${peer.buildIds} build-ids in ${peer.scanned} RPMs`);
}

function databaseOf(rpms: number, { databaseBytes, files }: IndexRun, beside = ''): void {
  const aRow = databaseBytes / files;
  figure(
    `index: database of ${files} rows in ${rpms} RPMs, all told`,
    `${aRow.toFixed(1)} bytes a row`,
    `target: 120${beside}`,
    { rpms, files, databaseBytes, bytesARow: aRow },
  );
}

/** The same RPMs under several names, until there are enough of them for a rate. */
function linkedOften(corpus: Corpus, enough: number): Corpus {
  const directory = mkdtempSync(join(dirname(corpus.directory), 'links-'));
  const rpms: string[] = [];
  for (let round = 0; rpms.length < enough; round++) {
    mkdirSync(join(directory, String(round)));
    for (const rpm of corpus.rpms) {
      const link = join(directory, String(round), basename(rpm));
      linkSync(rpm, link);
      rpms.push(link);
    }
  }
  return { directory, rpms, bytes: (corpus.bytes / corpus.rpms.length) * rpms.length };
}

function measureHeaderMode(corpus: Corpus): void {
  const { directory: links, rpms } = linkedOften(corpus, RPMS_FOR_A_RATE);
  const count = rpms.length;
  try {
    const run = medianOf(ROUNDS, () =>
      indexOnce({ scan: 'header', directory: links, database, cores: '0,1' }),
    );
    const bare = medianOf(ROUNDS, () => readHeaders(corpus.rpms));
    const rate = count / run.wall;
    const bareRate = corpus.rpms.length / bare.wall;
    const beside = `target: 1000; ${run.files} rows; ${seconds(run)}`;
    figure('index: header, two cores', `${Math.round(rate)} RPMs/s`, beside, {
      ...{ rpms: count, rate, cpu: run.cpu, wall: run.wall, files: run.files },
    });
    figure('  a bare read of the same headers', `${Math.round(bareRate)} RPMs/s`, '', { rate: bareRate });
    databaseOf(count, run);
  } finally {
    rmSync(links, { recursive: true });
  }
}

async function main(): Promise<void> {
  const corpus = plainCorpus();
  describe('RPMs without compressed modules', corpus);
  const start = medianOf(ROUNDS, () => costOf(DARKSERVER, ['--version']));
  figure('  starting the program', seconds(start), '', { cpu: start.cpu });

  // Both take minutes, in which the speed of a virtual machine may change.
  const floorBefore = unpackPayloads(corpus.rpms);
  const payload = indexOnce({ scan: 'payload', directory: corpus.directory, database });
  const floor = between(floorBefore, unpackPayloads(corpus.rpms));
  const overFloor = payload.cpu / floor.cpu;
  const floorValues = { cpu: payload.cpu, floorCpu: floor.cpu, ratio: overFloor, wall: payload.wall };
  figure(
    'index: payload: processor beside native decompression',
    overFloor.toFixed(2),
    'target: 1.3',
    floorValues,
  );
  figure('  darkserver', seconds(payload), found(payload));
  figure('  zstd, xz, gzip, bzip2 -dc of the payloads', seconds(floor));

  const headers = readHeaders(corpus.rpms);
  const auto = medianOf(ROUNDS, () => indexOnce({ scan: 'auto', directory: corpus.directory, database }));
  const ratio = auto.bytesRead / headers.bytes;
  figure(
    'index: auto: bytes read beside those of the headers',
    ratio.toFixed(3),
    `target: 1.1; ${million(auto.bytesRead)} of ${million(headers.bytes)}`,
    { ratio, bytesRead: auto.bytesRead, headerBytes: headers.bytes },
  );
  const peer = await debuginfodScan(corpus, join(directory, 'debuginfod.db'));
  besideDebuginfod('no compressed modules', auto, peer, 'target: 1/20');

  const aBuildId =
    peer === null ? '' : `; debuginfod: ${Math.round(peer.databaseBytes / peer.buildIds)} a build-id`;
  databaseOf(corpus.rpms.length, auto, aBuildId);
  measureHeaderMode(corpus);

  const modules = moduleCorpus();
  if (modules === null) return;
  await measureModules('kernels with compressed modules', modules);
  const many = linkedOften(modules, MANY_KERNELS);
  try {
    await measureModules('the same kernels several times', many);
  } finally {
    rmSync(many.directory, { recursive: true });
  }
}

async function measureModules(what: string, corpus: Corpus): Promise<void> {
  describe(what, corpus);
  const run = medianOf(ROUNDS, () => indexOnce({ scan: 'auto', directory: corpus.directory, database }));
  const peerDatabase = join(directory, `debuginfod-${corpus.rpms.length}.db`);
  besideDebuginfod(what, run, await debuginfodScan(corpus, peerDatabase), 'target: 1');
}

try {
  await main();
} finally {
  rmSync(directory, { recursive: true });
}
