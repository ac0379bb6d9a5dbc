import { promises as fs } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { DarkserverError, EXIT, exitCodeOf, toDarkserverError } from '../../shared/errors.ts';
import { DEFAULT_CONFIG_FILE } from '../config/types.ts';
import type { KojiConfig, RepositoryConfig } from '../config/types.ts';
import type { KojiConnection } from '../kojis.ts';
import { publishedUrl } from '../koji/paths.ts';
import { exits } from './exits.ts';
import { withKoji } from './open.ts';
import { colours, formatBytes, formatTable, print, printable } from './output.ts';
import { settingsFor } from './settings.ts';

/** Who checks wants to know now. */
const ONE_TRY = { attempts: 1, firstDelay: 0, longestDelay: 0 };

export function addCheckConfig(program: Command): void {
  program
    .command('check-config')
    .summary('every setting in force, and whether each Koji answers')
    .description(
      'Shows every setting, where it came from, and asks each Koji: its hub for its version, its topurl for packages/, its YUM repositories for repomd.xml. Nothing is changed.',
    )
    .addHelpText(
      'after',
      `
Examples:
  darkserver check-config
  darkserver --config ./darkserver.toml check-config

The exit code is 5 if the configuration is wrong and 2 if a Koji or a mirror does not answer.`,
    )
    .action(
      exits(async (_options: unknown, command: Command) => {
        const { loaded, config } = await settingsFor(command, [], { readToken: true });
        print(`configuration file: ${loaded.file ?? `none (there is no ${DEFAULT_CONFIG_FILE})`}`);
        print(
          formatTable(
            ['setting', 'value', 'from'],
            loaded.settings.map(({ key, value, origin }) => [key, value ?? 'not set', origin]),
          ),
        );
        print('');
        const problems = await Promise.all(config.koji.map(checkKoji));
        return Math.max(EXIT.done, ...problems.flat().map(({ code }) => exitCodeOf(code)));
      }),
    );
}

/** Tells what each part of a Koji answers; returns what is wrong with it. */
async function checkKoji(koji: KojiConfig): Promise<DarkserverError[]> {
  return withKoji(
    koji,
    async (open) => {
      const { topdir } = koji;
      const checks: [string, () => Promise<string>][] = [
        [`hub ${koji.hub}`, () => askHub(open)],
        topdir === null
          ? [`files ${koji.topurl}`, () => askTopurl(koji, open)]
          : [`files ${topdir}`, () => lookAt(topdir)],
        ...koji.repositories.map((repository): [string, () => Promise<string>] => [
          `repository ${repository.name} (${repository.source.kind} ${repository.source.url})`,
          () => askRepository(repository),
        ]),
      ];
      const problems: DarkserverError[] = [];
      for (const [what, answer] of checks) {
        try {
          print(`${colours.green('ok')}    ${koji.name}: ${what}: ${printable(await answer())}`);
        } catch (thrown) {
          const error = toDarkserverError(thrown);
          problems.push(error);
          print(`${colours.red('wrong')} ${koji.name}: ${what}: ${printable(error.message)}`);
        }
      }
      return problems;
    },
    ONE_TRY,
  );
}

async function askHub({ hub }: KojiConnection): Promise<string> {
  return `Koji ${await hub.getVersion()}`;
}

async function askTopurl(koji: KojiConfig, { http }: KojiConnection): Promise<string> {
  const url = publishedUrl(koji.topurl, 'packages/');
  try {
    const { status, body } = await http.getFile(url, {});
    await body.close();
    return `packages/ is there (HTTP ${status})`;
  } catch (thrown) {
    // File servers need not list directories: that there is an answer is all that can be said.
    const error = toDarkserverError(thrown);
    if (error.code === 'missing_file') return `answers, but does not list packages/ (${error.message})`;
    throw error;
  }
}

async function askRepository(repository: RepositoryConfig): Promise<string> {
  const { describeRepository } = await import('../repositories/refresh.ts');
  const { openMirrorHttp } = await import('../kojis.ts');
  const { signal } = new AbortController();
  const { baseUrl, mirrors, primary } = await describeRepository(repository, openMirrorHttp, signal);
  const size = primary.size === null ? '' : `, its list of packages has ${formatBytes(primary.size)}`;
  return `${mirrors === 1 ? '' : `of ${mirrors} mirrors `}${baseUrl} answers${size}`;
}

async function lookAt(topdir: string): Promise<string> {
  const packages = join(topdir, 'packages');
  try {
    if ((await fs.stat(packages)).isDirectory()) return 'packages/ is there';
  } catch (error) {
    throw new DarkserverError('configuration', `koji.topdir: ${(error as Error).message}`, { cause: error });
  }
  throw new DarkserverError('configuration', `koji.topdir: ${packages} is not a directory`);
}
