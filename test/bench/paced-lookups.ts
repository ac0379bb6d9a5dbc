import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Agent, get } from 'node:http';

/**
 * `paced-lookups.ts URL PATHS-FILE PER-SECOND`: asks at an even pace, whether or not answers have come, so that
 * a server which stops for a moment keeps as many waiting as would have come. Until its stdin ends; then prints
 * "RESULT requests p50 p99 max errors", milliseconds.
 */
const [url = '', pathsFile = '', perSecond = ''] = process.argv.slice(2);
const paths = readFileSync(pathsFile, 'utf8').trimEnd().split('\n');
const agent = new Agent({ keepAlive: true, maxSockets: 64 });
const milliseconds: number[] = [];
let errors = 0;
let sent = 0;

function ask(due: number): Promise<void> {
  return new Promise((resolve) => {
    const failed = (): void => {
      errors++;
      resolve();
    };
    get(`${url}${paths[sent++ % paths.length] ?? ''}`, { agent }, (response) => {
      if (response.statusCode !== 200) errors++;
      response.resume().once('error', failed);
      response.once('end', () => {
        milliseconds.push(performance.now() - due);
        resolve();
      });
    }).once('error', failed);
  });
}

const began = performance.now();
const underWay = new Set<Promise<void>>();
const ticker = setInterval(() => {
  const due = Math.floor(((performance.now() - began) / 1000) * Number(perSecond));
  while (sent < due) {
    const asked = ask(performance.now());
    underWay.add(asked);
    void asked.then(() => underWay.delete(asked));
  }
}, 1);
process.stdin.resume();
await once(process.stdin, 'end');
clearInterval(ticker);
await Promise.all(underWay);
agent.destroy();
milliseconds.sort((a, b) => a - b);
const at = (share: number): string =>
  (milliseconds[Math.floor((milliseconds.length - 1) * share)] ?? 0).toFixed(2);
console.log(`RESULT ${milliseconds.length} ${at(0.5)} ${at(0.99)} ${at(1)} ${errors}`);
