import { type Dirent, chmodSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './run.ts';
import type { Modules, Recipe } from './recipe.ts';

/** rpm's file lists have no way to write these. */
const UNWRITABLE = /[*?[\]{}"\\\n\r\t\ufffd]/;

/** Deeper directories belong to the package, others to the distribution's "filesystem". */
const DEPTH_OF_OWN = 4;

/** Arguments of one command. */
const FILES_AT_ONCE = 200;

const COMPRESSORS: Readonly<Record<Exclude<Modules, 'plain'>, readonly string[]>> = {
  // As the kernel's own Makefile.modinst has it, with cheaper levels.
  xz: ['xz', '-1', '--check=crc32', '-T1', '-f'],
  zst: ['zstd', '-q', '-6', '-T1', '--rm', '-f'],
};

/** Makes the unpacked tree what the recipe wants and writes rpm's list of its files. */
export async function prepareTree(recipe: Recipe, tree: string, fileList: string): Promise<void> {
  await run('chmod', ['-R', 'u+rwX', tree]);
  makeLibrariesExecutable(tree);
  if (recipe.debuginfo) moveDebugFiles(recipe, tree);
  if (recipe.modules !== 'plain') await compressModules(tree, COMPRESSORS[recipe.modules]);
  writeFileSync(fileList, `%defattr(-,root,root,-)\n${fileListOf(tree).join('\n')}\n`);
}

/** As they are in Fedora, but for their debug files: rpmbuild makes links only for what is executable. */
function makeLibrariesExecutable(tree: string): void {
  for (const { path, entry } of walk(tree, '')) {
    const isLibrary = /\.so[.\d]*$/.test(path) && !path.startsWith('/usr/lib/debug/');
    if (entry.isFile() && isLibrary) chmodSync(join(tree, path), 0o755);
  }
}

/**
 * Debian's debug files are named by their build-id. Fedora's stand under the path of a program (here one of
 * our own invention, as the package does not tell), and rpmbuild makes links that are named by the build-id.
 */
function moveDebugFiles({ name, version, release, arch }: Recipe, tree: string): void {
  const byBuildId = join(tree, 'usr/lib/debug/.build-id');
  if (!existsSync(byBuildId)) return;
  const places = walk(byBuildId, '').filter(({ entry }) => entry.isFile());
  const directory = join(tree, 'usr/lib/debug/usr/lib64', name);
  mkdirSync(directory, { recursive: true });
  for (const { path } of places) {
    const [, two = '', rest = ''] = path.split('/');
    const file = `lib${two}${rest.slice(0, 8)}.so-${version}-${release}.${arch}.debug`;
    renameSync(join(byBuildId, path), join(directory, file));
  }
  rmSync(byBuildId, { recursive: true, force: true });
}

async function compressModules(tree: string, [command = '', ...args]: readonly string[]): Promise<void> {
  const modules = walk(tree, '')
    .filter(({ path, entry }) => entry.isFile() && path.endsWith('.ko'))
    .map(({ path }) => join(tree, path));
  if (modules.length === 0) throw new Error('a package without kernel modules');
  for (let start = 0; start < modules.length; start += FILES_AT_ONCE) {
    await run(command, [...args, ...modules.slice(start, start + FILES_AT_ONCE)]);
  }
}

function fileListOf(tree: string): string[] {
  return walk(tree, '').flatMap(({ path, entry }) => {
    if (UNWRITABLE.test(path)) return [];
    const written = `"${path.replaceAll('%', '%%')}"`;
    if (entry.isDirectory()) return path.split('/').length > DEPTH_OF_OWN ? [`%dir ${written}`] : [];
    if (!entry.isFile() && !entry.isSymbolicLink()) return [];
    if (entry.isFile() && path.startsWith('/etc/')) return [`%config(noreplace) ${written}`];
    return [path.startsWith('/usr/share/doc/') ? `%doc ${written}` : written];
  });
}

/** Everything below `tree`, a directory before what is in it, with its path from there on. */
function walk(tree: string, under: string): { path: string; entry: Dirent }[] {
  return readdirSync(join(tree, under), { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = `${under}/${entry.name}`;
      return [{ path, entry }, ...(entry.isDirectory() ? walk(tree, path) : [])];
    });
}
