import pLimit from 'p-limit';
import { type DarkserverError, toDarkserverError } from '../../shared/errors.ts';
import type { KojiBuild, KojiRpm, KojiRpmId } from '../../shared/koji.ts';
import type { KojiHub } from '../koji/hub.ts';
import { signedRpmPath } from '../koji/paths.ts';
import type { IndexedSignature } from '../store/types.ts';

/** Files of one build that are asked for at once, beside the RPMs that are read. */
const PARALLEL = 4;

/**
 * Whether a file is in Koji's file store, by its path under topdir: its bytes where that is known; null if there is
 * none. Throws `network`, `stopped`.
 */
export type FindFile = (
  path: string,
  signal: AbortSignal,
) => Promise<{ readonly size: number | null } | null>;

export interface SignedCopiesParts {
  readonly hub: Pick<KojiHub, 'getSignatures'>;
  readonly findFile: FindFile;
}

export interface FoundSignatures {
  /** RPMs that nobody could be asked about are left out. */
  readonly signatures: ReadonlyMap<KojiRpmId, readonly IndexedSignature[]>;
  /** Why RPMs were left out. */
  readonly failure: DarkserverError | null;
}

/**
 * Asks Koji with which keys the RPMs of a build are signed, and its file store which of the copies that carry the
 * signatures are there: Koji writes a copy later than it learns of the signature, or never, and removes it when it
 * likes. What fails keeps nothing else from being known, but after the first failure no more is asked. Throws
 * `stopped` when the signal calls it off.
 */
export async function findSignatures(
  build: KojiBuild,
  rpms: readonly KojiRpm[],
  { hub, findFile }: SignedCopiesParts,
  signal: AbortSignal,
): Promise<FoundSignatures> {
  const signatures = new Map<KojiRpmId, readonly IndexedSignature[]>();
  let failure: DarkserverError | null = null;
  const attempt = async (work: () => Promise<void>): Promise<void> => {
    try {
      if (failure === null) await work();
    } catch (thrown) {
      if (signal.aborted) throw thrown;
      failure ??= toDarkserverError(thrown);
    }
  };
  const slots = pLimit(PARALLEL);
  await attempt(async () => {
    const keys = await hub.getSignatures(
      rpms.filter(({ metadataOnly }) => !metadataOnly).map(({ kojiRpmId }) => kojiRpmId),
      signal,
    );
    await Promise.all(
      rpms.map((rpm) =>
        slots(() =>
          attempt(async () => {
            const found: IndexedSignature[] = [];
            for (const sigkey of keys.get(rpm.kojiRpmId) ?? []) {
              found.push({ sigkey, copy: await findFile(signedRpmPath(build, rpm, sigkey), signal) });
            }
            signatures.set(rpm.kojiRpmId, found);
          }),
        ),
      ),
    );
  });
  return { signatures, failure };
}
