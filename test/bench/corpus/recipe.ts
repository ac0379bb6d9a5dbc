import { createHash } from 'node:crypto';

/** A Debian package as its control file tells it. */
export interface DebianPackage {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  /** KiB, unpacked. */
  readonly installedSize: number;
}

/** How the kernel modules of a package are compressed, one by one. */
export type Modules = 'plain' | 'xz' | 'zst';

/** How one RPM is made. */
export interface Recipe {
  readonly name: string;
  readonly version: string;
  readonly release: string;
  readonly arch: string;
  /** rpm's name for a compressor and its level. */
  readonly payload: string;
  /** rpm's _build_id_links. */
  readonly links: string;
  /** Whether rpm looks for what the files require and provide. */
  readonly dependencies: boolean;
  /** Debug files go where Fedora has them, and links lead there. */
  readonly debuginfo: boolean;
  readonly modules: Modules;
}

const MiB = 1024;

/** Shares of a Koji: zstd since Fedora 31 and RHEL 8, xz before, gzip long ago. */
const PAYLOADS = [
  ['zstd', 65],
  ['xz', 22],
  ['gzip', 10],
  ['bzip2', 3],
] as const;

const LINKS = [
  ['compat', 55],
  ['separate', 15],
  ['none', 20],
  ['alldebug', 10],
] as const;

const ARCHES: Readonly<Record<string, string>> = { amd64: 'x86_64', arm64: 'aarch64', all: 'noarch' };

/** The same choice for the same name in every run. */
function choose<T extends string>(name: string, what: string, table: readonly (readonly [T, number])[]): T {
  const number = createHash('sha1').update(`${what} ${name}`).digest().readUInt32BE() / 2 ** 32;
  let left = number * table.reduce((sum, [, share]) => sum + share, 0);
  for (const [choice, share] of table) {
    left -= share;
    if (left < 0) return choice;
  }
  throw new Error('an empty table of choices');
}

/**
 * Distributions pack with zstd 19. Above 8 MiB that would take longer than all the rest, and unpacking costs
 * the same whatever the level, so large packages are packed with a cheap one.
 */
function payloadOf(name: string, kib: number): string {
  const isLarge = kib > 8 * MiB;
  switch (choose(name, 'payload', PAYLOADS)) {
    case 'zstd':
      return isLarge ? 'w3.zstdio' : 'w19.zstdio';
    case 'xz':
      // Nobody waits for a package of a gigabyte in xz.
      return kib > 300 * MiB ? 'w3.zstdio' : 'w2.xzdio';
    case 'gzip':
      return isLarge ? 'w6.gzdio' : 'w9.gzdio';
    case 'bzip2':
      return 'w9.bzdio';
  }
}

export function recipeFor(deb: DebianPackage, modules: Modules): Recipe {
  const { name, installedSize } = deb;
  const [, upstream = '', revision = '1'] = /^(?:\d+:)?(.*?)(?:-([^-]*))?$/.exec(deb.version) ?? [];
  const clean = (text: string): string => text.replace(/[^A-Za-z0-9.+_~^]/g, '_');
  const debuginfo = name.endsWith('-dbg');
  return {
    name: modules === 'plain' ? name.replace(/-dbg$/, '-debuginfo') : `${name}-modules-${modules}`,
    version: clean(upstream),
    release: `${clean(revision)}.fc40`,
    arch: ARCHES[deb.architecture] ?? deb.architecture,
    // Nobody packs kernels as anything but the distribution's default.
    payload: modules === 'plain' ? payloadOf(name, installedSize) : 'w3.zstdio',
    links: choose(name, 'links', LINKS),
    // Debuginfo is not much without its Provides; for other large packages it takes minutes.
    dependencies: debuginfo || installedSize < 40 * MiB,
    debuginfo,
    modules,
  };
}

/** A spec file that packs `tree` as it stands, with the files of `fileList`. */
export function specOf(recipe: Recipe, tree: string, fileList: string): string {
  const settings = {
    debug_package: '%{nil}',
    __os_install_post: '%{nil}',
    __arch_install_post: '%{nil}',
    _build_id_links: recipe.links,
    _binary_payload: recipe.payload,
    _missing_build_ids_terminate_build: '0',
    _binaries_in_noarch_packages_terminate_build: '0',
    _unpackaged_files_terminate_build: '0',
    _invalid_encoding_terminates_build: '0',
    _buildhost: 'bench',
    use_source_date_epoch_as_buildtime: '1',
    clamp_mtime_to_source_date_epoch: '1',
  };
  return `${Object.entries(settings)
    .map(([name, value]) => `%global ${name} ${value}`)
    .join('\n')}
Name: ${recipe.name}
Version: ${recipe.version}
Release: ${recipe.release}
Summary: A Debian package as an RPM
License: As in Debian
${recipe.arch === 'noarch' ? 'BuildArch: noarch' : ''}
AutoReqProv: ${recipe.dependencies ? 'yes' : 'no'}
%description
Made for measuring.
%install
mkdir -p %{buildroot}
cp -al '${tree}/.' %{buildroot}/
%files -f ${fileList}
`;
}
