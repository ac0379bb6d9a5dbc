import { toDarkserverError } from '../../shared/errors.ts';
import type { ErrorCode } from '../../shared/errors.ts';
import { formatNvra } from '../../shared/nvr.ts';
import { scanRpm } from '../indexer/scan-rpm.ts';
import type { RpmScan, RpmSource } from '../indexer/types.ts';
import type { HeldRpm, IndexStore, StoredRpm } from '../store/types.ts';
import type { Progress } from './progress.ts';
import { compareFiles } from './verify-compare.ts';
import { type Outcome, Verification } from './verification.ts';
import type { VerifySources } from './verify-sources.ts';

export interface VerifyWork {
  readonly index: Pick<IndexStore, 'nextRpm' | 'lastRpmKey' | 'counts'>;
  readonly sources: Pick<VerifySources, 'sourceOf'>;
  /** How many RPMs, chosen at random; null for all of them. */
  readonly sample: number | null;
  /** RPMs read at once. */
  readonly atOnce: number;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

interface ReadableRpm {
  readonly held: HeldRpm;
  readonly source: RpmSource;
}

/** Failures of the network, one after the other, after which the next RPM would not be reached either. */
const NETWORK_IS_DOWN = 10;

/** Draws for a sample of n RPMs, beyond which the index hardly has so many that can be read. */
const drawsFor = (sample: number): number => 20 * sample + 1000;

/** What an error of reading says of the RPM; all other errors would meet the next one as well. */
const OUTCOMES: Partial<Record<ErrorCode, Outcome>> = {
  missing_file: 'gone',
  network: 'unreached',
  format: 'unreadable',
  limit: 'unreadable',
  bad_input: 'unreadable',
};

/** Reads payloads again and compares them with the index, which it does not change. Throws what would fail them all. */
export async function verifyIndex(work: VerifyWork): Promise<Verification> {
  const verification = new Verification();
  const total = work.sample ?? (await work.index.counts()).rpms;
  const rpms = readableRpms(work, verification);
  let failures = 0;
  let done = 0;
  const readSome = async (): Promise<void> => {
    while (!work.signal.aborted && failures < NETWORK_IS_DOWN) {
      const next = await rpms.next();
      if (next.done === true) return;
      const outcome = await verifyRpm(next.value, work, verification);
      failures = outcome === 'unreached' ? failures + 1 : 0;
      work.progress.show(++done, total);
    }
  };
  await Promise.all(Array.from({ length: work.atOnce }, readSome));
  verification.isNetworkDown = failures >= NETWORK_IS_DOWN;
  return verification;
}

/** The RPMs to be read; all others that it comes across are counted. */
async function* readableRpms(
  { index, sources, sample }: VerifyWork,
  verification: Verification,
): AsyncGenerator<ReadableRpm, void> {
  let readable = 0;
  for await (const held of sample === null ? all(index) : atRandom(index, sample)) {
    const source = sources.sourceOf(held.rpm);
    if (typeof source === 'string') {
      verification.count(source);
      continue;
    }
    yield { held, source };
    if (++readable === sample) return;
  }
}

async function* all(index: VerifyWork['index']): AsyncGenerator<HeldRpm, void> {
  for (let held = await index.nextRpm(0); held !== null; held = await index.nextRpm(held.rpmKey)) yield held;
}

async function* atRandom(index: VerifyWork['index'], sample: number): AsyncGenerator<HeldRpm, void> {
  const last = await index.lastRpmKey();
  if (sample >= last) {
    yield* all(index);
    return;
  }
  const drawn = new Set<number>();
  for (let draws = drawsFor(sample); draws > 0; draws--) {
    const held = await index.nextRpm(Math.floor(Math.random() * last));
    if (held === null || drawn.has(held.rpmKey)) continue;
    drawn.add(held.rpmKey);
    yield held;
  }
}

async function verifyRpm(
  { held, source }: ReadableRpm,
  { index, progress }: VerifyWork,
  verification: Verification,
): Promise<Outcome> {
  const nvra = formatNvra(held.rpm);
  try {
    const scan = await scanRpm(source, { mode: 'payload' });
    verification.bytesRead += scan.bytesRead;
    for (const warning of scan.warnings) progress.say(`${source.name}: ${warning}`);
    // Asked anew, since the daemon may have looked at it again meanwhile.
    const now = await index.nextRpm(held.rpmKey - 1);
    const { rpm, files } = now?.rpmKey === held.rpmKey ? now : held;
    if (isOther(rpm, scan)) {
      const message = 'the file is not the one that was indexed: its size or payload hash differs';
      return verification.fail('changed', { nvra, source: source.name, code: null, message });
    }
    return verification.compare(rpm, source.name, files, compareFiles(files, scan.files));
  } catch (thrown) {
    const { code, message } = toDarkserverError(thrown);
    const outcome = OUTCOMES[code];
    if (outcome === undefined) throw thrown;
    progress.say(message.includes(source.name) ? message : `${source.name}: ${message}`);
    return verification.fail(outcome, { nvra, source: source.name, code, message });
  }
}

function isOther(rpm: StoredRpm, scan: RpmScan): boolean {
  // Packages of rpm 6 carry no such hash.
  const isOtherHash =
    rpm.payloadHash !== null && scan.payloadHash !== null && rpm.payloadHash !== scan.payloadHash;
  return isOtherHash || rpm.size !== scan.size;
}
