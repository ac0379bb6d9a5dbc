import { type KojiBuildId, asKojiBuildId } from '../shared/koji.ts';
import { type ReconcileParts, queueNews } from './reconciler-news.ts';

/** Builds compared in one step, which is one request: a hundred look-ups by key, and what is listed for them. */
const STEP = 100;

/** Larger than any id of Koji's. */
const BEYOND = 2 ** 31;

export interface SweepStepOutcome {
  /** It rests if the next one is to begin later. */
  readonly sweep: 'goes on' | 'has ended' | 'rests';
  /** Builds that were queued. */
  readonly queued: number;
}

/**
 * One step of the slow comparison of everything, from the newest build to the oldest, which finds whatever no
 * other way has found. It asks for all builds that the index holds, and for all ids since the first contact,
 * gaps too: one that was taken for a gap too early is found after all. Where it is outlives the program.
 */
export async function sweepStep(
  parts: ReconcileParts,
  sweepInterval: number,
  signal: AbortSignal,
): Promise<SweepStepOutcome> {
  const { hub, store, now } = parts;
  const { instance } = hub;
  const { sweep, firstKojiBuildId } = await store.instanceFacts(instance);
  let { at } = sweep;
  if (at === null) {
    const since = now() - (sweep.began ?? -Infinity);
    // A clock that was set back must not end all sweeps.
    if (since >= 0 && since < sweepInterval) return { sweep: 'rests', queued: 0 };
    const [newest = 0] = await store.reconciliation.buildsBelow(instance, BEYOND, 1);
    at = 1 + Math.max(newest, await hub.lastKojiBuildId(signal));
    await store.reconciliation.recordSweep(instance, { began: now(), from: at });
  }
  const kojiBuildIds = await idsBelow(at, firstKojiBuildId ?? 0, parts);
  const last = kojiBuildIds.at(-1);
  if (last === undefined) {
    await store.reconciliation.recordSweep(instance, { ended: now() });
    return { sweep: 'has ended', queued: 0 };
  }
  const samples = await store.reconciliation.sampleRpms(instance, kojiBuildIds);
  const sampleIds = new Map([...samples].map(([kojiBuildId, { kojiRpmId }]) => [kojiBuildId, kojiRpmId]));
  const outlines = await hub.getOutlines(kojiBuildIds, sampleIds, signal);
  const queued = await queueNews(outlines, parts, async (outline) => {
    const { kojiBuildId, build, rpms, tars, sampleSigkeys } = outline;
    if (build?.state !== 'complete') return false;
    const known = samples.get(kojiBuildId);
    if (sampleSigkeys !== null && String(sampleSigkeys) !== String(known?.sigkeys)) return true;
    const stored = await store.reconciliation.storedContent(instance, kojiBuildId);
    // RPMs go only when their build is reset, and others never get their ids: their number tells them.
    if (stored?.rpms.size !== rpms) return true;
    return parts.readsArchives && tars.some((tar) => !stored.archives.has(tar));
  });
  await store.reconciliation.recordSweep(instance, { at: last, found: queued });
  return { sweep: 'goes on', queued };
}

async function idsBelow(at: number, first: number, { hub, store }: ReconcileParts): Promise<KojiBuildId[]> {
  const numbered = Array.from({ length: Math.max(0, Math.min(STEP, at - 1 - first)) }, (_, index) =>
    asKojiBuildId(at - 1 - index),
  ).filter((id) => id !== null);
  if (numbered.length === STEP) return numbered;
  const below = Math.min(at, first + 1);
  const held = await store.reconciliation.buildsBelow(hub.instance, below, STEP - numbered.length);
  return [...numbered, ...held];
}
