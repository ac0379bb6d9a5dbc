import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { appendFileSync, statSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { prepareTree } from './prepare-tree.ts';
import { type Modules, recipeFor, specOf } from './recipe.ts';
import { run } from './run.ts';

/**
 * `make bench-corpus`: makes RPMs of the Debian packages in packages.txt, with apt-get, dpkg-deb and
 * rpmbuild, below .bench/corpus or the directory that is named: plain/ for those without compressed
 * modules, modules/ for kernels with them. What varies follows from a package's name, so two runs over the
 * same versions make the same. Takes half an hour and 4 GB; what is there already is not made again.
 */
const top = resolve(process.argv[2] ?? '.bench/corpus');
const MADE = join(top, 'made.tsv');

interface Task {
  readonly name: string;
  readonly modules: Modules;
}

function tasksOf(list: string): Task[] {
  const names = list
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .flatMap((line) => line.trim().split(/\s+/))
    .filter((name) => name !== '');
  const kernels = (['xz', 'zst'] as const).map((modules) => ({ name: 'linux-image-amd64', modules }));
  return [...kernels, ...names.map((name): Task => ({ name, modules: 'plain' }))];
}

/** Names and RPMs made before, of which the RPM is still there. */
function madeBefore(): Set<string> {
  if (!existsSync(MADE)) return new Set();
  const lines = readFileSync(MADE, 'utf8').trimEnd().split('\n');
  return new Set(
    lines.flatMap((line) => {
      const [name = '', modules = '', rpm = ''] = line.split('\t');
      return existsSync(join(top, rpm)) ? [`${name} ${modules}`] : [];
    }),
  );
}

/** linux-image-amd64 is empty and depends on the kernel of the day. */
async function realName(name: string): Promise<string> {
  if (!/^linux-image-[a-z]/.test(name)) return name;
  const depends = await run('apt-cache', ['depends', '--important', name]);
  return /Depends: (linux-image-\d\S*)/.exec(depends)?.[1] ?? name;
}

async function make({ name, modules }: Task): Promise<string> {
  const work = mkdtempSync(join(top, 'work-'));
  try {
    await run('apt-get', ['-qq', '-o', 'APT::Sandbox::User=root', 'download', await realName(name)], work);
    const deb = readdirSync(work).find((file) => file.endsWith('.deb'));
    if (deb === undefined) throw new Error('apt-get brought nothing');
    const fields = await run('dpkg-deb', ['-f', join(work, deb)]);
    const field = (key: string): string => new RegExp(`^${key}: (.*)$`, 'm').exec(fields)?.[1] ?? '';
    const recipe = recipeFor(
      {
        name,
        version: field('Version'),
        architecture: field('Architecture'),
        installedSize: Number(field('Installed-Size')),
      },
      modules,
    );
    const [tree, fileList, spec] = ['tree', 'files', 'package.spec'].map((file) => join(work, file)) as [
      string,
      string,
      string,
    ];
    await run('dpkg-deb', ['-x', join(work, deb), tree]);
    await prepareTree(recipe, tree, fileList);
    writeFileSync(spec, specOf(recipe, tree, fileList));
    const defines = [`_topdir ${work}/rpmbuild`, `_tmppath ${work}/tmp`, '_smp_build_ncpus 1'];
    const options = defines.flatMap((define) => ['--define', define]);
    mkdirSync(join(work, 'tmp'));
    await run('rpmbuild', ['-bb', '--quiet', '--noclean', ...options, spec], work);
    const rpm = `${recipe.name}-${recipe.version}-${recipe.release}.${recipe.arch}.rpm`;
    const place = join(modules === 'plain' ? 'plain' : 'modules', rpm);
    renameSync(join(work, 'rpmbuild/RPMS', recipe.arch, rpm), join(top, place));
    appendFileSync(MADE, `${[name, modules, place, recipe.payload, recipe.links].join('\t')}\n`);
    return `${place} (${recipe.payload}, links ${recipe.links})`;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

async function makeAll(tasks: readonly Task[]): Promise<number> {
  const waiting = tasks.entries();
  let failed = 0;
  const work = async (): Promise<void> => {
    for (const [number, task] of waiting) {
      const place = `${number + 1} of ${tasks.length}`;
      try {
        console.log(`${place}: ${await make(task)}`);
      } catch (error) {
        failed++;
        console.log(`${place}: ${task.name} left out: ${(error as Error).message}`);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.ceil(availableParallelism() / 2) }, work));
  return failed;
}

mkdirSync(join(top, 'plain'), { recursive: true });
mkdirSync(join(top, 'modules'), { recursive: true });
const before = madeBefore();
const all = tasksOf(readFileSync(new URL('packages.txt', import.meta.url), 'utf8'));
const tasks = all.filter(({ name, modules }) => !before.has(`${name} ${modules}`));
console.log(`${tasks.length} RPMs to make below ${top}, ${all.length - tasks.length} are there`);
const failed = await makeAll(tasks);
for (const kind of ['plain', 'modules']) {
  const sizes = readdirSync(join(top, kind)).map((name) => statSync(join(top, kind, name)).size);
  const bytes = sizes.reduce((sum, size) => sum + size, 0);
  console.log(`${kind}: ${sizes.length} RPMs, ${(bytes / 1e9).toFixed(2)} GB`);
}
// Versions come and go, so a package or two that is no longer to be had is no failure of the whole.
process.exitCode = failed * 10 > all.length ? 1 : 0;
