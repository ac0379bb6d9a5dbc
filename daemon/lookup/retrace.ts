import { distTag, formatNvra } from '../../shared/nvr.ts';
import type { RETRACE_PLACEHOLDERS } from '../config/types.ts';
import type { StoredRpm } from '../store/types.ts';

/**
 * The URL of an RPM on an ABRT retrace server, whose repositories lie as its admin likes: {name}, {epoch} (0 for
 * none), {version}, {release}, {arch}, {nvra}, {dist} (fc40) and {letter} (the first of the name, as repositories
 * sort their packages) of the template are replaced. The configuration has checked that it names no others. Null
 * where {dist} is asked for and the release has none: what is sorted by it is nowhere then.
 */
export function retraceUrl(template: string, rpm: StoredRpm): string | null {
  const { name, epoch, version, release, arch } = rpm;
  const values: Readonly<Record<(typeof RETRACE_PLACEHOLDERS)[number], string>> = {
    ...{ name, version, release, arch, epoch: String(epoch ?? 0), nvra: formatNvra(rpm) },
    ...{ dist: distTag(release), letter: (/^./su.exec(name)?.[0] ?? '').toLowerCase() },
  };
  if (values.dist === '' && template.includes('{dist}')) return null;
  const filled = (_: string, key: keyof typeof values): string => encodeURIComponent(values[key]);
  return template.replace(/\{(\w+)\}/g, filled);
}
