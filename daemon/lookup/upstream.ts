import type { UpstreamRow } from '../../shared/api.ts';
import { distTag, formatNvra } from '../../shared/nvr.ts';
import type { StoredMatch } from '../store/types.ts';
import { holderOf } from './matches.ts';
import { type UrlParts, locate } from './urls.ts';

/**
 * What holds the file goes under "rpm" whatever it is: upstream's clients show these texts and ask no more of
 * them, and the URL of an archive leads as far as an RPM's. RPMs go first, for clients that take one row.
 */
export async function upstreamRows(stored: readonly StoredMatch[], parts: UrlParts): Promise<UpstreamRow[]> {
  const urlsOf = await locate(stored.map(holderOf), parts, false);
  return stored.map((match) => {
    const { file, rpm, archive } = match;
    return {
      buildid: file.buildId,
      elf: file.path,
      rpm: rpm === undefined ? archive.filename : formatNvra(rpm),
      distro: distTag(rpm === undefined ? archive.build.release : rpm.release),
      url: urlsOf(holderOf(match))[0]?.url ?? '',
    };
  });
}
