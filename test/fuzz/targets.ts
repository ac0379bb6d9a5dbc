import type { FuzzTarget } from './target.ts';
import { compressedRpm } from './targets/compressed-rpm.ts';
import { config } from './targets/config.ts';
import { cpio } from './targets/cpio.ts';
import { elf } from './targets/elf.ts';
import { fileServer } from './targets/file-server.ts';
import { moduleStarts } from './targets/first-bytes.ts';
import { hub } from './targets/hub.ts';
import { names } from './targets/names.ts';
import { repodata } from './targets/repodata.ts';
import { requests } from './targets/requests.ts';
import { rpmHeader } from './targets/rpm-header.ts';
import { rpm } from './targets/rpm.ts';
import { tar } from './targets/tar.ts';

/** Every parser of bytes that somebody else made, the slow ones first, so that all processes end together. */
export const TARGETS: readonly FuzzTarget[] = [
  ...[compressedRpm, fileServer, tar, hub, rpm, requests],
  ...[rpmHeader, moduleStarts, elf, cpio, config, repodata, names],
];

export function findTarget(name: string): FuzzTarget {
  const target = TARGETS.find((each) => each.name === name);
  if (target !== undefined) return target;
  throw new Error(`there is no target "${name}"; there are ${TARGETS.map((each) => each.name).join(', ')}`);
}
