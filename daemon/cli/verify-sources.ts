import type { Config, KojiConfig } from '../config/types.ts';
import { FileRpmSource } from '../indexer/rpm-source.ts';
import { scanRpm } from '../indexer/scan-rpm.ts';
import { scanTar } from '../indexer/scan-tar.ts';
import { SizedSource } from '../indexer/sized-source.ts';
import type { RpmSource, ScannedFile } from '../indexer/types.ts';
import type { KojiHttp } from '../koji/http.ts';
import { archivePath, rpmPath } from '../koji/paths.ts';
import { connectKoji, rpmOpener } from '../kojis.ts';
import type { Holder, StoredArchive, StoredBuild, StoredRpm } from '../store/types.ts';

/**
 * gone: Koji has deleted it, or lists it no more, and its file with it.
 * passed_over: there is nothing to compare. It was not read when it was indexed, because that failed or because
 * its architecture is in skip_arches, or its Koji is no longer in the configuration.
 */
export type WhyNotRead = 'gone' | 'passed_over';

/** What an RPM or an archive really holds. */
interface Payload {
  readonly files: readonly ScannedFile[];
  readonly bytesRead: number;
  readonly warnings: readonly string[];
  /** False if the file is not the one that was indexed. */
  readonly isSame: boolean;
}

/** An RPM or an archive whose file should be there. */
export interface ReadableHolder {
  readonly holder: Holder;
  /** Path or URL. */
  readonly source: string;
  /** Throws as scanRpm and scanTar do, and `hub_protocol` for an archive of another size. */
  readonly read: () => Promise<Payload>;
}

type OpenPath = (path: string) => RpmSource;

/** Who verifies waits for the end, and can start again: less patience than the daemon has with a server. */
const PATIENCE = { attempts: 2, firstDelay: 500, longestDelay: 5_000 };

/** Where RPMs and archives of the index can be read, without asking any hub. */
export class VerifySources {
  readonly #kojis: ReadonlyMap<string, KojiConfig>;
  readonly #openers = new Map<string, OpenPath>();
  readonly #connections: KojiHttp[] = [];

  constructor(kojis: Config['koji']) {
    this.#kojis = new Map(kojis.map((koji) => [koji.name, koji]));
  }

  sourceOf(holder: Holder): ReadableHolder | WhyNotRead {
    const { rpm, archive } = holder;
    if ((rpm ?? archive).error !== null) return 'passed_over';
    if (rpm?.localPath != null) return readableRpm(holder, rpm, new FileRpmSource(rpm.localPath));
    const { build, superseded } = rpm ?? archive;
    if (build?.state !== 'complete' || superseded) return 'gone';
    const open = this.#openerFor(build, rpm?.arch);
    if (open === null) return 'passed_over';
    return rpm === undefined
      ? readableArchive(holder, archive, open(archivePath(build, archive)))
      : readableRpm(holder, rpm, open(rpmPath(build, rpm)));
  }

  close(): void {
    for (const http of this.#connections) http.close();
  }

  /** Null if the build's Koji is not configured, or says that nothing of this architecture is read. */
  #openerFor({ instance }: StoredBuild, arch: string | undefined): OpenPath | null {
    const koji = this.#kojis.get(instance);
    if (koji === undefined || (arch !== undefined && koji.skipArches.includes(arch))) return null;
    const known = this.#openers.get(instance);
    if (known !== undefined) return known;
    const { http } = connectKoji(koji, PATIENCE);
    this.#connections.push(http);
    const opener = rpmOpener(koji, http);
    this.#openers.set(instance, opener);
    return opener;
  }
}

function readableRpm(holder: Holder, rpm: StoredRpm, source: RpmSource): ReadableHolder {
  const read = async (): Promise<Payload> => {
    const scan = await scanRpm(source, { mode: 'payload' });
    // Packages of rpm 6 carry no such hash.
    const isSameHash =
      rpm.payloadHash === null || scan.payloadHash === null || rpm.payloadHash === scan.payloadHash;
    return { ...scan, isSame: isSameHash && rpm.size === scan.size };
  };
  return { holder, source: source.name, read };
}

function readableArchive(holder: Holder, archive: StoredArchive, source: RpmSource): ReadableHolder {
  const what = `archive ${archive.kojiArchiveId} (${archive.filename})`;
  const sized = new SizedSource(source, what, archive.size);
  return { holder, source: source.name, read: async () => ({ ...(await scanTar(sized)), isSame: true }) };
}
