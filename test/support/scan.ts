import { scanRpm } from '../../daemon/indexer/scan-rpm.ts';
import type { RpmScan, ScanMode } from '../../daemon/indexer/types.ts';
import { RpmInMemory } from './rpm-in-memory.ts';

/** Scans an RPM that is in memory. */
export function scanBytes(
  bytes: Uint8Array,
  mode: ScanMode = 'payload',
  chunkBytes = 64 * 1024,
): Promise<RpmScan> {
  return scanRpm(new RpmInMemory(bytes, { chunkBytes }), { mode });
}

/** What was found, a line for each file: path, build-id, kind and evidence. */
export function linesOf(scan: RpmScan): string[] {
  return scan.files.map(({ path, buildId, kind, evidence }) => `${path} ${buildId} ${kind} ${evidence}`);
}
