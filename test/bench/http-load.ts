import { spawn, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface LoadResult {
  readonly requestsPerSecond: number;
  /** Milliseconds that the slowest of a hundred requests took at least. */
  readonly p99: number;
  /** Answers with an unexpected status, and connections that broke. */
  readonly errors: number;
}

export const CONNECTIONS = 16;

/** wrk is written in C and leaves the cores to the server; without it a loop of our own has to do. */
export const GENERATOR = spawnSync('wrk', ['--version']).error === undefined ? 'wrk' : 'a loop in Node';

/**
 * wrk's own idea of a request and of a result: paths from a file, one after the other, each thread beginning
 * elsewhere; the result in one line.
 */
const WRK_SCRIPT = `
local paths, at = {}, 0
function init(args)
  for line in io.lines(args[1]) do paths[#paths + 1] = line end
  math.randomseed(tonumber(tostring({}):sub(8), 16) or 1)
  at = math.random(#paths)
end
function request()
  at = at % #paths + 1
  return wrk.format("GET", paths[at])
end
function done(summary, latency)
  local e = summary.errors
  print(string.format("RESULT %d %f %f %d", summary.requests, summary.duration / 1e6,
    latency:percentile(99) / 1e3, e.connect + e.read + e.write + e.timeout + (tonumber(os.getenv("STATUS_ERRORS")) or 1) * e.status))
end
`;

/**
 * Asks for these paths, over and over, on CONNECTIONS kept connections for so many seconds. `inside` is a command
 * that runs another one where the server is to be reached.
 */
export async function load(
  url: string,
  paths: readonly string[],
  seconds: number,
  directory: string,
  expected: 200 | 404 = 200,
  inside: readonly string[] = [],
): Promise<LoadResult> {
  const pathsFile = join(directory, 'paths.txt');
  writeFileSync(pathsFile, `${paths.join('\n')}\n`);
  const output = await (GENERATOR === 'wrk'
    ? runWrk(url, pathsFile, seconds, directory, expected, inside)
    : run([
        ...inside,
        process.execPath,
        ...process.execArgv,
        fileURLToPath(new URL('./keep-alive-loop.ts', import.meta.url)),
        ...[url, pathsFile, String(seconds), String(CONNECTIONS), String(expected)],
      ]));
  const [, requests, duration, p99, errors] = /^RESULT (\d+) ([\d.]+) ([\d.]+) (\d+)$/m.exec(output) ?? [];
  if (errors === undefined) throw new Error(`the load generator said no result: ${output.slice(-500)}`);
  return { requestsPerSecond: Number(requests) / Number(duration), p99: Number(p99), errors: Number(errors) };
}

function runWrk(
  url: string,
  pathsFile: string,
  seconds: number,
  directory: string,
  expected: 200 | 404,
  inside: readonly string[],
): Promise<string> {
  const script = join(directory, 'load.lua');
  writeFileSync(script, WRK_SCRIPT);
  // wrk counts every 404 as an error; where 404 is the right answer they are no errors.
  const env = { ...process.env, STATUS_ERRORS: expected === 200 ? '1' : '0' };
  const args = [
    ...inside,
    'wrk',
    '-t2',
    `-c${CONNECTIONS}`,
    `-d${seconds}s`,
    '-s',
    script,
    url,
    '--',
    pathsFile,
  ];
  return run(args, env);
}

function run([program = '', ...args]: readonly string[], env = process.env): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve(output);
      else reject(new Error(`${program} ended with ${code ?? 'a signal'}`));
    });
  });
}
