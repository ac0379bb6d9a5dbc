import { type KojiBuild, type KojiBuildId, asKojiBuildId } from '../../shared/koji.ts';
import type { KojiHub } from '../koji/hub.ts';

/** Which builds of a Koji a backfill looks for. */
export type Selection =
  | { readonly by: 'id'; readonly from: KojiBuildId; readonly to: KojiBuildId }
  | { readonly by: 'tag'; readonly tag: string }
  | { readonly by: 'package'; readonly name: string }
  /** Seconds since the epoch, by completion. */
  | { readonly by: 'time'; readonly since: number; readonly until: number | null }
  | { readonly by: 'nothing' };

/** Builds of a tag come in one answer; they are queued in parts of this size. */
const PART = 500;

/**
 * The complete builds of a selection, part by part. Others hold nothing to read: a build that is not
 * finished will be announced, one that failed or was deleted has no files. Throws as KojiHub.
 */
export async function* selectBuilds(
  hub: KojiHub,
  selection: Selection,
  signal?: AbortSignal,
): AsyncGenerator<KojiBuildId[]> {
  switch (selection.by) {
    case 'tag': {
      const tagged = await hub.listTagged(selection.tag, signal);
      for (let start = 0; start < tagged.length; start += PART) yield tagged.slice(start, start + PART);
      return;
    }
    case 'id': {
      const { from, to } = selection;
      const before = asKojiBuildId(from - 1);
      const query = before === null ? {} : { afterKojiBuildId: before };
      for await (const page of hub.listBuilds(query, signal)) {
        yield complete(page.filter(({ kojiBuildId }) => kojiBuildId <= to));
        if ((page.at(-1)?.kojiBuildId ?? 0) >= to) return;
      }
      return;
    }
    case 'package':
      for await (const page of hub.listBuilds({ packageName: selection.name }, signal)) yield complete(page);
      return;
    case 'time': {
      const { since, until } = selection;
      const query = { completedAfter: since, ...(until === null ? {} : { completedBefore: until }) };
      for await (const page of hub.listBuilds(query, signal)) yield complete(page);
      return;
    }
    case 'nothing':
      for await (const page of hub.listBuilds({}, signal)) yield complete(page);
  }
}

function complete(builds: readonly KojiBuild[]): KojiBuildId[] {
  return builds.filter(({ state }) => state === 'complete').map(({ kojiBuildId }) => kojiBuildId);
}
