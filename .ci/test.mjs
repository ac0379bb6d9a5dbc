/**
 * Runs every test there is, in TypeScript and in Python, and ends with one line of the whole run's counts.
 * Arguments go to jest, and leave the Python tests out: `make test JEST='test/daemon/koji'`.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { formatCounts, NONE, sum } from './count.mjs';

const REPORT = '.tmp/jest.json';
/** More than any test answers with; a suite that hangs is stopped by its own time limits. */
const LIMIT = 15 * 60 * 1000;

function runJest(args) {
  mkdirSync('.tmp', { recursive: true });
  rmSync(REPORT, { force: true });
  const done = spawnSync(
    'npm',
    ['run', '--silent', 'jest', '--', '--ci', '--json', `--outputFile=${REPORT}`, ...args],
    { stdio: ['ignore', 'ignore', 'inherit'], timeout: LIMIT },
  );
  let report;
  try {
    report = JSON.parse(readFileSync(REPORT, 'utf8'));
  } catch {
    console.error(`jest ended with ${done.status ?? done.signal} and without a report`);
    return { ...NONE, failed: 1 };
  }
  const counts = {
    passed: report.numPassedTests,
    // A file that cannot be loaded has no tests that could fail.
    failed: report.numFailedTests + report.numRuntimeErrorTestSuites,
    skipped: report.numPendingTests + report.numTodoTests,
  };
  // Whatever else jest found wrong (an open handle, a threshold, no tests at all) is a failure too.
  const silent = counts.failed === 0 && (done.status !== 0 || counts.passed === 0);
  return silent ? { ...counts, failed: 1 } : counts;
}

function runUnittest() {
  const done = spawnSync('python3', ['-m', 'unittest', 'discover', '-s', 'test/plugin'], {
    stdio: ['ignore', 'inherit', 'pipe'],
    encoding: 'utf8',
    timeout: LIMIT,
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' },
  });
  process.stderr.write(done.stderr ?? '');
  // "Ran 12 tests in 0.1s", then "OK (skipped=1)" or "FAILED (failures=1, errors=2)".
  const ran = Number(/^Ran (\d+) tests? in /m.exec(done.stderr ?? '')?.[1] ?? 0);
  const verdict = /^(?:OK|FAILED)(?: \((.*)\))?$/m.exec(done.stderr ?? '')?.[1] ?? '';
  const number = (name) => Number(new RegExp(`\\b${name}=(\\d+)`).exec(verdict)?.[1] ?? 0);
  const skipped = number('skipped');
  const failed = number('failures') + number('errors') + number('unexpected successes');
  const silent = failed === 0 && (done.status !== 0 || ran === 0);
  return { passed: Math.max(0, ran - failed - skipped), failed: silent ? 1 : failed, skipped };
}

const args = process.argv.slice(2);
const total = sum([runJest(args), args.length === 0 ? runUnittest() : NONE]);
console.log(formatCounts(total));
process.exitCode = total.failed === 0 ? 0 : 1;
