import { createRequire } from 'node:module';
import type cliProgress from 'cli-progress';
import type { Log, LogFields } from '../log.ts';
import { complain, formatSeconds, printable } from './output.ts';

/** Milliseconds between plain lines where there is no terminal, and before the first of them. */
const LINE_INTERVAL = 5_000;
const FIRST_LINE = 1_000;
/** Milliseconds over which the rate is taken, so that it follows what is read now. */
const RATE_WINDOW = 30_000;

/** Loaded where there is a terminal, by require as winston in daemon/log.ts. */
const loadCliProgress = (): typeof cliProgress =>
  createRequire(import.meta.url)('cli-progress') as typeof cliProgress;

/** How far long work has come: a bar on a terminal, a line every few seconds elsewhere; on stderr. */
export interface Progress {
  /** Called as often as one likes. `total` may grow. */
  show(done: number, total: number): void;
  /** A line of its own, above the bar. */
  say(line: string): void;
  /** Gives the terminal back, its cursor too. May be called twice. */
  end(): void;
}

export function startProgress(unit: string): Progress {
  const pace = createPace();
  return process.stderr.isTTY ? startBar(unit, pace) : startLines(unit, pace);
}

/** What workers log while a bar is drawn: warnings above it, the rest is told by the bar. */
export function logAbove(progress: Progress): Log {
  const say = (message: string, fields: LogFields = {}): void => {
    const facts = Object.entries(fields).map(([name, value]) => ` ${name}=${String(value)}`);
    progress.say(`${message}${facts.join('')}`);
  };
  return { error: say, warn: say, info: () => undefined, debug: () => undefined };
}

function startBar(unit: string, pace: Pace): Progress {
  const { MultiBar } = loadCliProgress();
  const bars = new MultiBar({
    stream: process.stderr,
    format: `{bar} {percentage} % | {value} of {total} ${unit} | {rate}/s | {left} left`,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    barsize: 30,
    fps: 5,
    hideCursor: true,
    gracefulExit: false,
  });
  let ended = false;
  const bar = bars.create(0, 0, { rate: '–', left: '–' });
  return {
    show: (done, total) => {
      const { rate, left } = pace(done, total);
      bar.setTotal(total);
      bar.update(done, { rate, left });
    },
    say: (line) => {
      if (ended) complain(printable(line));
      else bars.log(`${printable(line)}\n`);
    },
    end: () => {
      if (ended) return;
      ended = true;
      // stop() alone would drop the lines that were said since the bar was last drawn.
      bars.update();
      bars.stop();
    },
  };
}

function startLines(unit: string, pace: Pace): Progress {
  let now = { done: 0, total: 0 };
  let told = '';
  const tell = (): void => {
    const { rate, left } = pace(now.done, now.total);
    const percent = now.total === 0 ? 0 : Math.floor((100 * now.done) / now.total);
    const line = `${now.done} of ${now.total} ${unit}, ${percent} %, ${rate}/s, ${left} left`;
    if (line !== told) complain(line);
    told = line;
    timer = setTimeout(tell, LINE_INTERVAL);
  };
  let timer = setTimeout(tell, FIRST_LINE);
  return {
    show: (done, total) => {
      now = { done, total };
    },
    say: (line) => {
      complain(printable(line));
    },
    end: () => {
      clearTimeout(timer);
    },
  };
}

type Pace = (done: number, total: number) => { rate: string; left: string };

function createPace(): Pace {
  const samples = [{ at: performance.now(), done: 0 }];
  return (done, total) => {
    const at = performance.now();
    const newest = samples.at(-1);
    // A few samples a second are enough, however often this is called.
    if (newest === undefined || at - newest.at > 200) samples.push({ at, done });
    while (samples.length > 2 && at - (samples[1]?.at ?? at) > RATE_WINDOW) samples.shift();
    const oldest = samples[0] ?? { at, done };
    const rate = at === oldest.at ? 0 : ((done - oldest.done) * 1000) / (at - oldest.at);
    return {
      rate: rate >= 10 ? rate.toFixed(0) : rate.toFixed(1),
      left: rate > 0 ? formatSeconds((total - done) / rate) : '–',
    };
  };
}
