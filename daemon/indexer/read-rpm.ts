import { DarkserverError } from '../../shared/errors.ts';
import type { KojiRpm } from '../../shared/koji.ts';
import { formatNvra } from '../../shared/nvr.ts';
import type { AskDebuginfo } from './debuginfo-links.ts';
import { scanRpm } from './scan-rpm.ts';
import type { OpenedRpm, RpmScan, RpmSource, ScanMode } from './types.ts';

/** Koji and the file disagree: the file is another one, or not yet whole. It may be the right one later. */
function mismatch(source: RpmSource, rpm: KojiRpm, differences: readonly string[]): DarkserverError {
  const message = `${source.name} is not RPM ${rpm.kojiRpmId} (${formatNvra(rpm)}) of Koji's: ${differences.join('; ')}`;
  return new DarkserverError('hub_protocol', message);
}

/** A source whose file must have the size that Koji recorded, so that half a file is not taken for a broken one. */
class SizedSource implements RpmSource {
  readonly name: string;
  readonly #source: RpmSource;
  readonly #rpm: KojiRpm;

  constructor(source: RpmSource, rpm: KojiRpm) {
    this.name = source.name;
    this.#source = source;
    this.#rpm = rpm;
  }

  async open(start: number, options?: { expect?: number; signal?: AbortSignal }): Promise<OpenedRpm> {
    const opened = await this.#source.open(start, options);
    if (opened.size === null || opened.size === this.#rpm.size) return opened;
    await opened.chunks[Symbol.asyncIterator]().return?.();
    throw mismatch(this, this.#rpm, [`Koji says ${this.#rpm.size} bytes, the file has ${opened.size}`]);
  }
}

/** Koji names every source package "src". */
function kojiArch(arch: string): string {
  return arch === 'nosrc' ? 'src' : arch;
}

function differences(rpm: KojiRpm, scan: RpmScan): string[] {
  const compared: [what: string, koji: string | number | null, file: string | number | null][] = [
    ['name', rpm.name, scan.name],
    ['version', rpm.version, scan.version],
    ['release', rpm.release, scan.release],
    ['architecture', kojiArch(rpm.arch), kojiArch(scan.arch)],
    ['size', rpm.size, scan.size],
    // Packages of rpm 6 carry no such hash.
    ['payload hash', rpm.payloadHash ?? scan.payloadHash, scan.payloadHash ?? rpm.payloadHash],
  ];
  return compared
    .filter(([, koji, file]) => koji !== file)
    .map(([what, koji, file]) => `${what} ${koji ?? 'none'} in Koji, ${file ?? 'none'} in the file`);
}

/**
 * Scans an RPM and makes sure that it is the one that Koji means. Throws what scanRpm throws, and
 * `hub_protocol` for a file that differs from Koji's record, naming both.
 */
export async function readRpm(
  rpm: KojiRpm,
  source: RpmSource,
  options: {
    readonly mode: ScanMode;
    readonly signal: AbortSignal;
    readonly askDebuginfo?: AskDebuginfo;
  },
): Promise<RpmScan> {
  const scan = await scanRpm(new SizedSource(source, rpm), options);
  const found = differences(rpm, scan);
  if (found.length > 0) throw mismatch(source, rpm, found);
  return scan;
}
