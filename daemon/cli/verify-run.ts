import { toDarkserverError } from '../../shared/errors.ts';
import type { ErrorCode } from '../../shared/errors.ts';
import type { Holder, IndexStore } from '../store/types.ts';
import type { Progress } from './progress.ts';
import { compareFiles } from './verify-compare.ts';
import { type Outcome, Verification } from './verification.ts';
import type { ReadableHolder, VerifySources } from './verify-sources.ts';

export interface VerifyWork {
  readonly index: Pick<IndexStore, 'holderFrom' | 'lastHolderKeys'>;
  readonly sources: Pick<VerifySources, 'sourceOf'>;
  /** How many RPMs and archives, chosen at random; null for all of them. */
  readonly sample: number | null;
  /** Files read at once. */
  readonly atOnce: number;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/** Files out of reach, one after the other and each tried for a while, after which the next would be as well. */
const NETWORK_IS_DOWN = 3;

/** Draws for a sample of n, beyond which the index hardly has so many that can be read. */
const drawsFor = (sample: number): number => 20 * sample + 1000;

/** What an error of reading says of the file; all other errors would meet the next one as well. */
const OUTCOMES: Partial<Record<ErrorCode, Outcome>> = {
  missing_file: 'gone',
  network: 'unreached',
  hub_protocol: 'changed',
  format: 'unreadable',
  limit: 'unreadable',
  bad_input: 'unreadable',
};

/** Reads payloads again and compares them with the index, which it does not change. Throws what would fail them all. */
export async function verifyIndex(work: VerifyWork): Promise<Verification> {
  const verification = new Verification();
  const last = await work.index.lastHolderKeys();
  const total = work.sample ?? last.rpm - last.archive;
  const holders = readableHolders(work, verification);
  let failures = 0;
  let done = 0;
  const readSome = async (): Promise<void> => {
    while (!work.signal.aborted && failures < NETWORK_IS_DOWN) {
      const next = await holders.next();
      if (next.done === true) return;
      const outcome = await verifyHolder(next.value, work, verification);
      failures = outcome === 'unreached' ? failures + 1 : 0;
      work.progress.show(++done, total);
    }
  };
  await Promise.all(Array.from({ length: work.atOnce }, readSome));
  verification.isNetworkDown = failures >= NETWORK_IS_DOWN;
  return verification;
}

/** What is to be read; all else that it comes across is counted. */
async function* readableHolders(
  { index, sources, sample }: VerifyWork,
  verification: Verification,
): AsyncGenerator<ReadableHolder, void> {
  let readable = 0;
  for await (const holder of sample === null ? all(index) : atRandom(index, sample)) {
    const source = sources.sourceOf(holder);
    if (typeof source === 'string') {
      verification.count(source);
      continue;
    }
    yield source;
    if (++readable === sample) return;
  }
}

async function* all(index: VerifyWork['index']): AsyncGenerator<Holder, void> {
  for (let from = 1; ;) {
    const holder = await index.holderFrom(from);
    if (holder === null) return;
    yield holder;
    from = holder.holderKey > 0 ? holder.holderKey + 1 : holder.holderKey - 1;
  }
}

async function* atRandom(index: VerifyWork['index'], sample: number): AsyncGenerator<Holder, void> {
  const last = await index.lastHolderKeys();
  const places = last.rpm - last.archive;
  if (sample >= places) {
    yield* all(index);
    return;
  }
  const drawn = new Set<number>();
  for (let draws = drawsFor(sample); draws > 0; draws--) {
    const place = Math.floor(Math.random() * places);
    const holder = await index.holderFrom(place < last.rpm ? place + 1 : last.rpm - place - 1);
    if (holder === null || drawn.has(holder.holderKey)) continue;
    drawn.add(holder.holderKey);
    yield holder;
  }
}

async function verifyHolder(
  { holder, source, read }: ReadableHolder,
  { index, progress }: VerifyWork,
  verification: Verification,
): Promise<Outcome> {
  try {
    const { files, bytesRead, warnings, isSame } = await read();
    verification.bytesRead += bytesRead;
    for (const warning of warnings) progress.say(`${source}: ${warning}`);
    if (!isSame) {
      const message = 'the file is not the one that was indexed: its size or payload hash differs';
      return verification.fail('changed', { holder, source, code: null, message });
    }
    // Asked anew, since the daemon may have looked at it again meanwhile.
    const found = await index.holderFrom(holder.holderKey);
    const now = found?.holderKey === holder.holderKey ? found : holder;
    return verification.compare(now, source, compareFiles(now.files, files));
  } catch (thrown) {
    const { code, message } = toDarkserverError(thrown);
    const outcome = OUTCOMES[code];
    if (outcome === undefined) throw thrown;
    progress.say(message.includes(source) ? message : `${source}: ${message}`);
    return verification.fail(outcome, { holder, source, code, message });
  }
}
