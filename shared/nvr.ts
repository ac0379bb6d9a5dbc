import { DarkserverError } from './errors.ts';

/** Name, version and release. None of version and release holds a "-" (rpm and Koji both forbid it). */
export interface Nvr {
  readonly name: string;
  readonly version: string;
  readonly release: string;
}

/** An RPM's name with its architecture; source packages have the architecture "src" or "nosrc". */
export interface Nvra extends Nvr {
  readonly arch: string;
}

export function formatNvr(nvr: Nvr): string {
  return `${nvr.name}-${nvr.version}-${nvr.release}`;
}

export function formatNvra(nvra: Nvra): string {
  return `${formatNvr(nvra)}.${nvra.arch}`;
}

/** Splits from the right, as Koji does: the name may hold dashes. Returns null if it is no N-V-R. */
export function parseNvr(text: string): Nvr | null {
  const match = /^([^\s/]+)-([^-\s/]+)-([^-\s/]+)$/.exec(text.trim());
  const [, name, version, release] = match ?? [];
  if (name === undefined || version === undefined || release === undefined) return null;
  return { name, version, release };
}

/** Reads N-V-R.A with or without ".rpm". Returns null if it is none. */
export function parseNvra(text: string): Nvra | null {
  const bare = text.trim().replace(/\.rpm$/, '');
  const dot = bare.lastIndexOf('.');
  if (dot < 1) return null;
  const arch = bare.slice(dot + 1);
  const nvr = parseNvr(bare.slice(0, dot));
  return nvr === null || !/^\w+$/.test(arch) ? null : { ...nvr, arch };
}

/** As parseNvr, for callers that have nothing to do with a wrong one. Throws `bad_input`. */
export function requireNvr(text: string): Nvr {
  const nvr = parseNvr(text);
  if (nvr !== null) return nvr;
  throw new DarkserverError('bad_input', `"${text.slice(0, 200)}" is not an NVR: give name-version-release`);
}

/** As parseNvra, for callers that have nothing to do with a wrong one. Throws `bad_input`. */
export function requireNvra(text: string): Nvra {
  const nvra = parseNvra(text);
  if (nvra !== null) return nvra;
  throw new DarkserverError(
    'bad_input',
    `"${text.slice(0, 200)}" is not an NVRA: give name-version-release.arch`,
  );
}

/** The dist tag of a release ("2.fc40" → "fc40", "1.el9_4.3" → "el9_4"), or "" where there is none. */
export function distTag(release: string): string {
  return /(?:^|[.+])((?:fc|el|eln|amzn|mga)\d+(?:_\d+)*)/.exec(release)?.[1] ?? '';
}
