import { type Log, silentLog } from '../log.ts';
import { gatherLookups } from './gathered-lookups.ts';
import { inTurns } from './in-turns.ts';
import { SqliteIndex } from './index-store.ts';
import { Instances } from './instances.ts';
import { JobList } from './job-list.ts';
import { JobLocks } from './job-locks.ts';
import { JobQueue } from './job-queue.ts';
import { type Database, openDatabase, openDatabaseForReading } from './open.ts';
import { kept } from './kept.ts';
import { MirrorCopies } from './mirror-copies.ts';
import { QuietCheckpoint } from './quiet-checkpoint.ts';
import { Reconciliation } from './reconciliation.ts';
import type { ReconciliationStore } from './reconciliation-types.ts';
import { Repositories } from './repositories.ts';
import type { RepositoryStore } from './repository-types.ts';
import { toStoreError } from './store-error.ts';
import type { IndexStore, JobStore, Store } from './types.ts';

/**
 * Build-ids that are looked up, builds whose siblings, and RPMs whose copies are read in one turn of the event loop:
 * up to some ten milliseconds.
 */
const BUILD_IDS_OF_TURN = 250;
const BUILDS_OF_TURN = 50;
const COPIES_OF_TURN = 1000;

export interface StoreOptions {
  /** Where an upgrade of the database is told of. */
  readonly log?: Log;
  /** Milliseconds since the epoch; for tests. */
  readonly now?: () => number;
}

/** Opens the database for reading and writing, and makes it where there is none. Throws as openDatabase. */
export function openStore(path: string, { now = Date.now, log = silentLog }: StoreOptions = {}): Store {
  return composeStore(openDatabase(path, { log }), path, now);
}

/** Opens an existing database for reading, also while the daemon writes. Throws as openDatabaseForReading. */
export function openStoreForReading(path: string, { now = Date.now }: StoreOptions = {}): Store {
  return composeStore(openDatabaseForReading(path), path, now);
}

/** SQLite's work, done at once (a transaction must not be interrupted by another), as a promise. */
type Run = <T>(work: () => T) => Promise<T>;

function composeStore(db: Database, path: string, now: () => number): Store {
  const read: Run = (work) =>
    new Promise((resolve, reject) => {
      try {
        resolve(work());
      } catch (thrown) {
        reject(toStoreError(path, thrown));
      }
    });
  const checkpoint = new QuietCheckpoint(db);
  const write: Run = (work) => {
    checkpoint.written();
    return read(work);
  };
  const instances = new Instances(db);
  const ping = db.prepare('SELECT 1 FROM total');
  return kept({
    index: indexStore(new SqliteIndex(db, path, instances, now), read, write),
    jobs: jobStore(
      new JobQueue(db, instances, now),
      new JobLocks(db),
      new JobList(db, instances, now),
      read,
      write,
    ),
    reconciliation: reconciliationStore(new Reconciliation(db, instances), instances, read, write),
    repositories: repositoryStore(
      new Repositories(db, instances),
      new MirrorCopies(db, instances),
      read,
      write,
    ),
    recordPush: (instance, at) =>
      write(() => {
        instances.recordPush(instance, at);
      }),
    recordReconciled: (instance, upTo) =>
      write(() => {
        instances.recordReconciled(instance, upTo);
      }),
    instanceFacts: (instance) => read(() => instances.facts(instance)),
    ping: () => read(() => ping.get() !== undefined).catch(() => false),
    close: () =>
      read(() => {
        checkpoint.stop();
        db.close();
      }),
  });
}

function indexStore(index: SqliteIndex, read: Run, write: Run): IndexStore {
  const { writer, lookups, builds } = index;
  const gathered = gatherLookups((buildIds) => read(() => lookups.byBuildIds(buildIds)));
  return {
    replaceBuild: (instance, build, rpms, archives = null) =>
      write(() => {
        writer.replaceBuild(instance, build, rpms, archives);
      }),
    markBuildGone: (instance, kojiBuildId) =>
      write(() => {
        writer.markBuildGone(instance, kojiBuildId);
      }),
    getBuild: (instance, kojiBuildId) => read(() => index.getBuild(instance, kojiBuildId)),
    knownRpms: (instance, kojiBuildId) => read(() => index.knownRpms(instance, kojiBuildId)),
    knownArchives: (instance, kojiBuildId) => read(() => index.knownArchives(instance, kojiBuildId)),
    indexedBuilds: (instance, kojiBuildIds) => read(() => index.indexedBuilds(instance, kojiBuildIds)),
    knownLocalRpm: (rpmPath) => read(() => index.knownLocalRpm(rpmPath)),
    replaceLocalRpms: (rpms) => write(() => writer.replaceLocalRpms(rpms)),
    findByBuildIds: (buildIds) => inTurns(buildIds, BUILD_IDS_OF_TURN, gathered),
    findBuildIdsByPrefix: (prefix, limit, after) =>
      read(() => lookups.buildIdsByPrefix(prefix, limit, after)),
    findRpms: (nvra) => read(() => lookups.rpmsByNvra(nvra)),
    findByNvra: (nvra) => read(() => lookups.byNvra(nvra)),
    holderFrom: (holderKey) => read(() => lookups.holderFrom(holderKey)),
    lastHolderKeys: () => read(() => lookups.lastHolderKeys()),
    findBuilds: (nvr) => read(() => builds.byNvr(nvr)),
    findHolders: (instance, kojiBuildId, page) => read(() => builds.holders(instance, kojiBuildId, page)),
    findLocalRpms: (name, limit) => read(() => builds.localRpms(name, limit)),
    findBuildsOfPackage: (name, page) => read(() => builds.ofPackage(name, page)),
    findSiblings: (of) => inTurns(of, BUILDS_OF_TURN, (piece) => read(() => builds.siblings(piece))),
    findRpmSummaries: (nvra) => read(() => index.rpmFiles.summaries(nvra)),
    findNewestFile: () => read(() => index.paths.newest()),
    findByPath: (filePath, page) => read(() => index.paths.byPath(filePath, page)),
    findFilesOfRpms: (nvra, page) => read(() => index.rpmFiles.filesOfRpms(nvra, page)),
    counts: () => read(() => index.counts()),
  };
}

function jobStore(queue: JobQueue, locks: JobLocks, list: JobList, read: Run, write: Run): JobStore {
  return {
    enqueue: (instance, kojiBuildIds, priority, options) =>
      write(() => queue.enqueue(instance, kojiBuildIds, priority, options)),
    // Asked twice a second by idle workers, and nearly always in vain: no reason to expect a change.
    claim: (worker, from) => read(() => queue.claim(worker, from)),
    heartbeat: (job) => write(() => queue.heartbeat(job)),
    complete: (job) =>
      write(() => {
        queue.complete(job);
      }),
    fail: (job, error, next) =>
      write(() => {
        queue.fail(job, error, next);
      }),
    release: (job) =>
      write(() => {
        queue.release(job);
      }),
    workers: () => read(() => locks.workers()),
    releaseStale: (lockedBefore) => read(() => locks.releaseStale(lockedBefore)),
    bringForward: (latest) => read(() => queue.bringForward(latest)),
    releaseWorker: (worker) => write(() => locks.releaseWorker(worker)),
    retry: (which) => write(() => list.retry(which)),
    find: (instance, kojiBuildId) => read(() => list.find(instance, kojiBuildId)),
    list: (filter) => read(() => list.list(filter)),
    countByState: () => read(() => list.countByState()),
    oldestWaiting: (instance) => read(() => list.oldestWaiting(instance)),
  };
}

function reconciliationStore(
  reconciliation: Reconciliation,
  instances: Instances,
  read: Run,
  write: Run,
): ReconciliationStore {
  return {
    recordSweep: (instance, step) =>
      write(() => {
        instances.recordSweep(instance, step);
      }),
    watch: (instance, kojiBuildIds, since) =>
      write(() => {
        reconciliation.watch(instance, kojiBuildIds, since);
      }),
    unwatch: (instance, kojiBuildIds) =>
      write(() => {
        reconciliation.unwatch(instance, kojiBuildIds);
      }),
    watched: (instance, after, limit) => read(() => reconciliation.watched(instance, after, limit)),
    counted: (instance, kind, from, before) =>
      read(() => reconciliation.counted(instance, kind, from, before)),
    recordCount: (instance, kind, period, builds) =>
      write(() => {
        reconciliation.recordCount(instance, kind, period, builds);
      }),
    changedPeriods: (instance, limit) => read(() => reconciliation.changedPeriods(instance, limit)),
    forgetChanges: (instance, changed) =>
      write(() => {
        reconciliation.forgetChanges(instance, changed);
      }),
    buildsCompleted: (instance, from, before) =>
      read(() => reconciliation.buildsCompleted(instance, from, before)),
    buildsBelow: (instance, kojiBuildId, limit) =>
      read(() => reconciliation.buildsBelow(instance, kojiBuildId, limit)),
    storedContent: (instance, kojiBuildId) => read(() => reconciliation.storedContent(instance, kojiBuildId)),
    sampleRpms: (instance, kojiBuildIds) => read(() => reconciliation.sampleRpms(instance, kojiBuildIds)),
    storedSignatures: (instance, kojiBuildId) =>
      read(() => reconciliation.storedSignatures(instance, kojiBuildId)),
    buildsAwaitingCopies: (instance, waits, now) =>
      read(() => reconciliation.buildsAwaitingCopies(instance, waits, now)),
  };
}

function repositoryStore(
  repositories: Repositories,
  copies: MirrorCopies,
  read: Run,
  write: Run,
): RepositoryStore {
  return {
    copiesOf: (rpms) => inTurns(rpms, COPIES_OF_TURN, (piece) => read(() => copies.copiesOf(piece))),
    configure: (configured) =>
      write(() => {
        repositories.configure(configured);
      }),
    states: (instance) => read(() => repositories.states(instance)),
    begin: () => write(() => repositories.begin()),
    add: (generation, packages) => write(() => repositories.add(generation, packages)),
    takeOver: (instance, name, taken) =>
      write(() => {
        repositories.takeOver(instance, name, taken);
      }),
    abandon: (generation) =>
      read(() => {
        repositories.abandon(generation);
      }),
    recordSeen: (instance, name, seen) =>
      write(() => {
        repositories.recordSeen(instance, name, seen);
      }),
    recordFailure: (instance, name, failure) =>
      write(() => {
        repositories.recordFailure(instance, name, failure);
      }),
    discard: () => write(() => repositories.discard()),
  };
}
