import { readFileSync } from 'node:fs';
import { Agent, get } from 'node:http';

/**
 * `keep-alive-loop.ts URL PATHS-FILE SECONDS CONNECTIONS STATUS`: what wrk does, for machines without it. Prints
 * "RESULT requests seconds p99-milliseconds errors".
 */
const [url = '', pathsFile = '', seconds = '', connections = '', expected = ''] = process.argv.slice(2);
const paths = readFileSync(pathsFile, 'utf8').trimEnd().split('\n');
const agent = new Agent({ keepAlive: true, maxSockets: Number(connections) });
const milliseconds: number[] = [];
let errors = 0;
let next = 0;

function request(): Promise<void> {
  return new Promise((resolve) => {
    const began = performance.now();
    const failed = (): void => {
      errors++;
      resolve();
    };
    get(`${url}${paths[next++ % paths.length] ?? ''}`, { agent }, (response) => {
      if (response.statusCode !== Number(expected)) errors++;
      response.resume().once('error', failed);
      response.once('end', () => {
        milliseconds.push(performance.now() - began);
        resolve();
      });
    }).once('error', failed);
  });
}

const began = performance.now();
const until = began + Number(seconds) * 1000;
await Promise.all(
  Array.from({ length: Number(connections) }, async () => {
    while (performance.now() < until) await request();
  }),
);
const duration = (performance.now() - began) / 1000;
agent.destroy();
milliseconds.sort((a, b) => a - b);
const p99 = milliseconds[Math.floor(milliseconds.length * 0.99)] ?? 0;
console.log(`RESULT ${milliseconds.length} ${duration.toFixed(3)} ${p99.toFixed(3)} ${errors}`);
