import type { LocatedRpm, Siblings } from '../../shared/api.ts';
import type { StoredRpm } from '../store/types.ts';
import { locatedRpmOf } from './content.ts';
import type { UrlsOf } from './urls.ts';

/**
 * What goes with an RPM, of those of its build: by name, since that is how rpm's macros make them. NAME-debuginfo
 * is the RPM's own; where there is none (older rpms make one for all) it is the build's, and a kernel's is
 * accompanied by one with what all its flavours share.
 */
export function siblingsOf(rpm: StoredRpm, ofBuild: readonly StoredRpm[], urlsOf: UrlsOf): Siblings {
  const locate = (sibling: StoredRpm): LocatedRpm => locatedRpmOf(sibling, urlsOf);
  const sameArch = ofBuild.filter(({ arch }) => arch === rpm.arch);
  const buildName = rpm.build?.name ?? rpm.name;
  return {
    debuginfo: debuginfoOf(rpm, buildName, sameArch).map(locate),
    debugsource: named(sameArch, `${buildName}-debugsource`).map(locate),
    source: ofBuild.filter(({ arch }) => arch === 'src' || arch === 'nosrc').map(locate),
  };
}

function debuginfoOf(rpm: StoredRpm, buildName: string, sameArch: readonly StoredRpm[]): StoredRpm[] {
  const isDebuginfo = /-debuginfo(-common(-\w+)?)?$/.test(rpm.name);
  const own = isDebuginfo ? [rpm] : named(sameArch, `${rpm.name}-debuginfo`);
  // kernel-core, kernel-rt-core: the longest name of a debuginfo package that theirs begins with.
  const shared = sameArch
    .filter(({ name }) => name.endsWith('-debuginfo') && rpm.name.startsWith(`${name.slice(0, -10)}-`))
    .sort((a, b) => b.name.length - a.name.length)
    .slice(0, 1);
  const one = own.length > 0 ? own : shared.length > 0 ? shared : named(sameArch, `${buildName}-debuginfo`);
  const common = sameArch.filter(({ name }) => name.startsWith(`${buildName}-debuginfo-common`));
  return [...one, ...common.filter((each) => !one.includes(each))];
}

function named(rpms: readonly StoredRpm[], wanted: string): StoredRpm[] {
  return rpms.filter(({ name }) => name === wanted);
}
