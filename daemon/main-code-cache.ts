import { isAscii } from 'node:buffer';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import v8 from 'node:v8';
import { CODE_CACHE, PROGRAM, loadProgram } from './main-program.ts';

/**
 * A step of `make build`, with RPMs as arguments: does in one process what short commands do, and keeps what V8 has
 * compiled for it. What is not among it is compiled when it is called, as ever.
 */
async function keepCodeCache(rpms: readonly string[]): Promise<void> {
  const built = dirname(fileURLToPath(import.meta.url));
  if (!isAscii(readFileSync(join(built, PROGRAM)))) {
    // esbuild escapes them everywhere else.
    throw new Error(`${PROGRAM} is not ASCII: write \\u escapes in tagged templates and regular expressions`);
  }
  const { program, script } = loadProgram(built);
  // V8 takes nothing that was kept under other flags than its own, and `index` sets some.
  v8.setFlagsFromString = () => undefined;
  // Answers are of no interest here.
  process.stdout.write = () => true;
  process.stderr.write = () => true;
  const directory = mkdtempSync(join(tmpdir(), 'darkserver-'));
  try {
    const config = join(directory, 'darkserver.toml');
    writeFileSync(config, '[log]\nlevel = "error"\n');
    const settings = ['--config', config, '--database', join(directory, 'darkserver.db')];
    await program.run([...settings, 'index', ...rpms]);
    const nvras = rpms.map((rpm) => basename(rpm, '.rpm'));
    await program.run([...settings, 'lookup', '0'.repeat(40), ...nvras]);
    writeFileSync(join(built, CODE_CACHE), script.createCachedData());
  } finally {
    rmSync(directory, { recursive: true });
  }
}

void keepCodeCache(process.argv.slice(2)).then(() => {
  process.exitCode = 0;
});
