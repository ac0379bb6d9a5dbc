/** Runs every check that needs no running program, all of them whatever happens, and counts them. */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { formatCounts } from './count.mjs';

const npm = (script) => ['npm', 'run', '--silent', script];

const CHECKS = [
  ['types', npm('types')],
  ['lint', npm('lint')],
  ['format', npm('format')],
  ['layers', npm('layers')],
  ['dead code', npm('dead-code')],
  [
    'python',
    // Compiled in memory, so that no .pyc lies about afterwards.
    [
      ...['python3', '-W', 'error', '-c'],
      'import sys\nfor name in sys.argv[1:]:\n with open(name, "rb") as file: compile(file.read(), name, "exec")',
      ...filesOf('plugin', '.py'),
      ...filesOf('test', '.py'),
    ],
  ],
  ['shell', ['bash', '-n', '.ci/run', '.ci/need']],
];

function filesOf(directory, ending) {
  return readdirSync(directory, { recursive: true })
    .filter((name) => name.endsWith(ending))
    .map((name) => `${directory}/${name}`);
}

const counts = { passed: 0, failed: 0, skipped: 0 };
for (const [name, [command, ...args]] of CHECKS) {
  const started = Date.now();
  const done = spawnSync(command, args, { stdio: ['ignore', 'inherit', 'inherit'] });
  const passed = done.status === 0;
  counts[passed ? 'passed' : 'failed'] += 1;
  const why = passed ? '' : ` (${done.error?.message ?? `exit ${done.status ?? done.signal}`})`;
  console.log(
    `check ${name}: ${passed ? 'passed' : 'FAILED'}${why}, ${((Date.now() - started) / 1000).toFixed(1)} s`,
  );
}
console.log(formatCounts(counts));
process.exitCode = counts.failed === 0 ? 0 : 1;
