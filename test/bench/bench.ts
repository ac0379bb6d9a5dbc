import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { MARK } from './figure.ts';

/**
 * `make bench`: runs every NAME.bench.ts beside this file, each as a process of its own, one after the other,
 * and puts their figures into one table. `make bench BENCH=store` runs one of them. Figures of one run can be
 * compared with each other; those of another machine or another hour cannot.
 */
const HERE = fileURLToPath(new URL('.', import.meta.url));
const ENDING = '.bench.ts';

async function runBenchmark(name: string): Promise<{ rows: string[][]; ok: boolean }> {
  const rows: string[][] = [];
  const child = spawn(process.execPath, [...process.execArgv, `${HERE}${name}${ENDING}`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exit = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', resolve);
  });
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.startsWith(MARK)) rows.push(line.slice(MARK.length).split('\t'));
    else console.log(line);
  }
  return { rows, ok: (await exit) === 0 };
}

function printTable(rows: readonly string[][]): void {
  const widths = [0, 1].map((column) => Math.max(0, ...rows.map((row) => row[column]?.length ?? 0)));
  for (const [what = '', howMuch = '', beside = ''] of rows) {
    console.log(`  ${what.padEnd(widths[0] ?? 0)}  ${howMuch.padStart(widths[1] ?? 0)}  ${beside}`.trimEnd());
  }
}

const wanted = process.argv.slice(2);
const names = readdirSync(HERE)
  .filter((file) => file.endsWith(ENDING))
  .map((file) => file.slice(0, -ENDING.length))
  .filter((name) => wanted.length === 0 || wanted.includes(name))
  .sort();

const table: string[][] = [];
let allOk = names.length > 0;
for (const name of names) {
  console.log(`== ${name}`);
  const { rows, ok } = await runBenchmark(name);
  table.push(...rows);
  if (!ok) console.log(`${name} failed; its figures are incomplete`);
  allOk &&= ok;
}
console.log(`\nOn ${availableParallelism()} cores with Node ${process.versions.node}:`);
printTable(table);
process.exitCode = allOk ? 0 : 1;
