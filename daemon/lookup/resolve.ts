import { setImmediate as nextTurn } from 'node:timers/promises';
import type { BuildIdAnswer } from '../../shared/api.ts';
import { type AskedBuildId, type Reading, means, startOf } from '../../shared/build-id-forms.ts';
import type { BuildId } from '../../shared/build-id.ts';
import type { IndexStore, StoredMatch } from '../store/types.ts';
import { withoutReplaced } from './matches.ts';

/** Build-ids that begin alike and are looked at for what was kept of one. */
const MAX_ALIKE = 100;

/** Build-ids, and with them some milliseconds, whose readings are tried before others have a turn. */
const READ_IN_TURN = 100;

/** A build-id that was meant, how that was found out, and what has it. */
export interface Resolved {
  readonly buildId: BuildId;
  readonly form: BuildIdAnswer['form'] | undefined;
  readonly stored: readonly StoredMatch[];
}

type Index = Pick<IndexStore, 'findByBuildIds' | 'findBuildIdsByPrefix'>;

/** By what was asked; what nothing has is left out. All that are build-ids as they stand are one question. */
export async function resolveAll(
  asked: readonly AskedBuildId[],
  index: Index,
): Promise<Map<string, Resolved>> {
  const exact = asked.flatMap((each) => each.exact ?? []);
  const found = await index.findByBuildIds(exact);
  const resolved = new Map<string, Resolved>();
  let read = 0;
  for (const each of asked) {
    const stored = each.exact === null ? undefined : found.get(each.exact);
    if (each.exact !== null && stored !== undefined) {
      resolved.set(each.asked, { buildId: each.exact, form: undefined, stored: withoutReplaced(stored) });
    } else if (each.readings.length > 0) {
      if (++read % READ_IN_TURN === 0) await nextTurn();
      const other = await resolveReadings(each.readings, index);
      if (other !== null) resolved.set(each.asked, other);
    }
  }
  return resolved;
}

/** The first reading that the index knows. Where several build-ids fit, which 16 bytes rule out, the first of them. */
async function resolveReadings(readings: readonly Reading[], index: Index): Promise<Resolved | null> {
  for (const reading of readings) {
    const start = startOf(reading);
    if (start === null) continue;
    const alike = await index.findBuildIdsByPrefix(start, MAX_ALIKE);
    const buildId = alike.find((each) => means(reading, each));
    if (buildId === undefined) continue;
    const stored = (await index.findByBuildIds([buildId])).get(buildId) ?? [];
    return { buildId, form: reading.form, stored: withoutReplaced(stored) };
  }
  return null;
}
