import type { KojiRpm } from '../../shared/koji.ts';
import { formatNvra } from '../../shared/nvr.ts';
import type { AskDebuginfo } from './debuginfo-links.ts';
import { scanRpm } from './scan-rpm.ts';
import { SizedSource, mismatch } from './sized-source.ts';
import type { RpmScan, RpmSource, ScanMode } from './types.ts';

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
  const what = `RPM ${rpm.kojiRpmId} (${formatNvra(rpm)})`;
  const sized = new SizedSource(source, what, rpm.size);
  const scan = await scanRpm(sized, options).catch((thrown: unknown) => {
    throw sized.judge(thrown);
  });
  const found = differences(rpm, scan);
  if (found.length > 0) throw mismatch(source, what, found);
  return scan;
}
