import { spawn } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type Figure, MARK } from './figure.ts';

/**
 * `make bench`: runs every NAME.bench.ts beside this file, each as a process of its own, one after the other,
 * and puts their figures into one table. `make bench BENCH=store` runs one of them; BENCH_JSON=FILE writes the
 * figures to a file as well. Figures of one run can be compared with each other; those of another machine or
 * another hour cannot.
 */
const HERE = fileURLToPath(new URL('.', import.meta.url));
const ENDING = '.bench.ts';

async function runBenchmark(name: string): Promise<{ figures: Figure[]; ok: boolean }> {
  const figures: Figure[] = [];
  const child = spawn(process.execPath, [...process.execArgv, `${HERE}${name}${ENDING}`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exit = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', resolve);
  });
  for await (const line of createInterface({ input: child.stdout })) {
    if (!line.startsWith(MARK)) {
      console.log(line);
      continue;
    }
    const one = JSON.parse(line.slice(MARK.length)) as Figure;
    figures.push(one);
    // A long one shows how far it is; all stand in the table at the end.
    console.log(`  ${one.what}: ${one.howMuch}`);
  }
  return { figures, ok: (await exit) === 0 };
}

function printTable(figures: readonly Figure[]): void {
  const width = (key: 'what' | 'howMuch'): number => Math.max(0, ...figures.map((one) => one[key].length));
  const [what, howMuch] = [width('what'), width('howMuch')];
  for (const one of figures) {
    console.log(`  ${one.what.padEnd(what)}  ${one.howMuch.padStart(howMuch)}  ${one.beside}`.trimEnd());
  }
}

const wanted = process.argv.slice(2);
const names = readdirSync(HERE)
  .filter((file) => file.endsWith(ENDING))
  .map((file) => file.slice(0, -ENDING.length))
  .filter((name) => wanted.length === 0 || wanted.includes(name))
  .sort();

const machine = {
  cores: cpus().length,
  processor: cpus()[0]?.model ?? 'unknown',
  node: process.versions.node,
  loadBefore: loadavg()[0],
};
const figures: (Figure & { benchmark: string })[] = [];
let allOk = names.length > 0;
for (const name of names) {
  console.log(`== ${name}`);
  const { figures: some, ok } = await runBenchmark(name);
  figures.push(...some.map((one) => ({ benchmark: name, ...one })));
  if (!ok) console.log(`${name} failed; its figures are incomplete`);
  allOk &&= ok;
}
console.log(`\nOn ${machine.cores} cores (${machine.processor}) with Node ${machine.node}:`);
printTable(figures);
const json = process.env['BENCH_JSON'];
if (json !== undefined && json !== '') {
  const report = { date: new Date().toISOString(), complete: allOk, machine, figures };
  writeFileSync(json, `${JSON.stringify(report, null, 2)}\n`);
}
process.exitCode = allOk ? 0 : 1;
