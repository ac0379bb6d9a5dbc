import * as z from 'zod';

/** What upstream's routes answer. */

export const upstreamRow = z
  .object({
    buildid: z.string(),
    elf: z.string(),
    rpm: z.string().meta({ description: 'NVRA without ".rpm"; of an archive its whole file name.' }),
    distro: z.string().meta({ description: 'The dist tag of the release, e.g. fc40.' }),
    url: z.string().meta({ description: 'The best one; empty where there is none.' }),
  })
  .meta({ id: 'UpstreamRow' });
export type UpstreamRow = z.infer<typeof upstreamRow>;

export const upstreamRows = z.array(upstreamRow).meta({ id: 'UpstreamRows' });

export const upstreamPackage = z
  .object({ url: z.string().optional() })
  .meta({ id: 'UpstreamPackage', description: 'Empty where nothing is known or to be had.' });

export const upstreamVersion = z.object({ 'server-version': z.string() }).meta({ id: 'UpstreamVersion' });
