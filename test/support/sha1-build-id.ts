import { createHash } from 'node:crypto';
import type { BuildId } from '../../shared/build-id.ts';

/** A build-id like a linker's: as random as it looks, and the same for the same seed. */
export function sha1BuildId(seed: string | number): BuildId {
  return createHash('sha1').update(String(seed)).digest('hex') as BuildId;
}
