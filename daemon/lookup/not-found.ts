import { setImmediate as nextTurn } from 'node:timers/promises';
import type { NotFoundReason } from '../../shared/api.ts';
import type { KojiBuildId } from '../../shared/koji.ts';
import { type Nvr, type Nvra, formatNvr, formatNvra } from '../../shared/nvr.ts';
import type { Job, Store, StoredBuild, StoredRpm } from '../store/types.ts';
import type { Hint, NotFound } from './types.ts';

/** Why something is not there, as far as can be told: which ids a build holds is not known before it is read. */

/** RPMs and archives of a build that are looked at before others have a turn. */
const HOLDERS_IN_TURN = 500;

type Parts = Pick<Store, 'index' | 'jobs'>;

export function notFound(reason: NotFoundReason, message: string): NotFound {
  return { notFound: { reason, message } };
}

export async function whyNoBuildId(asked: string, hint: Hint, store: Parts): Promise<NotFound> {
  const plain = `no indexed package holds a file with the build-id ${asked}`;
  if (hint.rpm !== null) {
    const name = formatNvra(hint.rpm);
    const rpms = await store.index.findRpms(hint.rpm);
    const error = rpms.find((rpm) => rpm.error !== null)?.error ?? null;
    if (error !== null) return notFound('failed', `${name} could not be read: ${error.message}`);
    if (rpms.length > 0 && rpms.every(wasPassedOver)) {
      return notFound('failed', `${name} is known, but this server does not read RPMs of its kind`);
    }
    if (rpms.length > 0)
      return notFound('absent', `${name} is indexed, and holds no file with the build-id ${asked}`);
    return (
      (await whyNoRpm(hint.rpm, store)) ?? notFound('unknown', `${plain}, and nothing is known of ${name}`)
    );
  }
  if (hint.build !== null) {
    const name = formatNvr(hint.build);
    const builds = await store.index.findBuilds(hint.build);
    const [best] = builds;
    if (best === undefined) return notFound('unknown', `${plain}, and nothing is known of the build ${name}`);
    // What any of them may hold, if several Kojis have one, is nowhere absent.
    for (const build of builds) {
      const why = (await whyUnread(build, store)) ?? (await whyPartlyUnread(build, store.index));
      if (why !== null) return why;
    }
    return notFound(
      'absent',
      `the build ${name} is ${best.state}, and holds no file with the build-id ${asked}`,
    );
  }
  return notFound('unknown', plain);
}

/** By skip_arches, or as Koji has no file of it. A source RPM holds no build-id, read or not. */
function wasPassedOver({ build, contentSize, arch }: StoredRpm): boolean {
  return build !== null && contentSize === null && arch !== 'src' && arch !== 'nosrc';
}

/** Null if its build is not known either. */
export async function whyNoRpm(nvra: Nvra, store: Parts): Promise<NotFound | null> {
  for (const nvr of buildsLike(nvra)) {
    const build = (await store.index.findBuilds(nvr))[0];
    if (build === undefined) continue;
    return (
      (await whyUnread(build, store)) ??
      notFound(
        'absent',
        `the build ${formatNvr(build)} is ${build.state}, and no RPM ${formatNvra(nvra)} of it is known`,
      )
    );
  }
  return null;
}

export async function whyNoBuild(
  instance: string,
  kojiBuildId: KojiBuildId,
  { jobs }: Pick<Parts, 'jobs'>,
): Promise<NotFound> {
  const name = `build ${kojiBuildId} of ${instance}`;
  const pending = whyPending(name, await jobs.find(instance, kojiBuildId));
  return pending ?? notFound('unknown', `the index knows no ${name}`);
}

/** Null if what the build holds is known. */
async function whyUnread(build: StoredBuild, { index, jobs }: Parts): Promise<NotFound | null> {
  const { instance, kojiBuildId } = build;
  const name = formatNvr(build);
  const pending = whyPending(name, await jobs.find(instance, kojiBuildId));
  if (pending !== null) return pending;
  if (build.state === 'building') {
    return notFound('queued', `${name} is still being built in Koji; it is read when it is complete`);
  }
  if (build.state !== 'deleted') return null;
  // What was read stays in the index, so a deleted build without anything never was.
  const { holders } = await index.findHolders(instance, kojiBuildId, { after: null, limit: 1 });
  if (holders.length > 0) return null;
  return notFound('failed', `${name} was deleted from Koji before it was read: nobody can say what it held`);
}

/** Null if all that Koji lists in the build was read. */
async function whyPartlyUnread(
  build: StoredBuild,
  index: Pick<Parts['index'], 'findHolders'>,
): Promise<NotFound | null> {
  for (let after: number | null = null; ;) {
    const page: Awaited<ReturnType<typeof index.findHolders>> = await index.findHolders(
      build.instance,
      build.kojiBuildId,
      { after, limit: HOLDERS_IN_TURN },
    );
    for (const { rpm, archive } of page.holders) {
      const { error, superseded } = rpm ?? archive;
      if (error === null || superseded) continue;
      const name = rpm === undefined ? archive.filename : formatNvra(rpm);
      return notFound('failed', `${name} of ${formatNvr(build)} could not be read: ${error.message}`);
    }
    if (page.next === null) return null;
    after = page.next;
    await nextTurn();
  }
}

function whyPending(name: string, job: Job | null): NotFound | null {
  if (job === null) return null;
  if (job.state === 'queued' || job.state === 'running') {
    return notFound(
      'queued',
      `${name} is ${job.state === 'queued' ? 'queued' : 'being read'}; ask again in a moment`,
    );
  }
  const next = job.state === 'failed' ? '; it is tried again' : '';
  return notFound(
    'failed',
    `${name} could not be indexed: ${job.lastError?.message ?? 'no reason is known'}${next}`,
  );
}

/** Names that are tried for one: RPMs have a few dashes, and each try is a question to the index. */
const MAX_TRIED = 32;

/** hello-libs-devel-1-2 may be of the builds hello-libs-devel-1-2, hello-libs-1-2 and hello-1-2. */
function* buildsLike({ name, version, release }: Nvr): Generator<Nvr> {
  let left = name;
  for (let tried = 0; left !== '' && tried < MAX_TRIED; tried++) {
    yield { name: left, version, release };
    left = left.slice(0, Math.max(0, left.lastIndexOf('-')));
  }
}
