import { fstatSync } from 'node:fs';
import { createRequire } from 'node:module';
import type winston from 'winston';

export const LOG_LEVELS = ['error', 'warn', 'info', 'debug'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Facts of a log line by name, so that a collector can search for a build or a job. */
export type LogFields = Readonly<Record<string, string | number | boolean | null>>;

/** What every room logs through; winston stays behind it. */
export interface Log {
  error(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  debug(message: string, fields?: LogFields): void;
  /** False where lines of debug go nowhere, so that whoever has many need not make them. */
  readonly showsDebug?: boolean;
}

/** A log that says nothing, for callers that report in their own way. */
export const silentLog: Log = {
  error: () => undefined,
  warn: () => undefined,
  info: () => undefined,
  debug: () => undefined,
};

/** Loaded for the first line, by require because that has to come at once: most commands log nothing. */
const loadWinston = (): typeof winston => createRequire(import.meta.url)('winston') as typeof winston;

/** The same log, with these fields on every line. */
export function withFields(log: Log, more: LogFields): Log {
  const write =
    (level: LogLevel): Log[LogLevel] =>
    (message, fields = {}) => {
      log[level](message, { ...more, ...fields });
    };
  return { error: write('error'), warn: write('warn'), info: write('info'), debug: write('debug') };
}

function fieldsAsText(info: winston.Logform.TransformableInfo): string {
  return Object.entries(info)
    .filter(([name]) => !['level', 'message', 'timestamp'].includes(name))
    .map(
      ([name, value]) =>
        ` ${name}=${typeof value === 'string' && !/[\s"]/.test(value) ? value : JSON.stringify(value)}`,
    )
    .join('');
}

/** Priorities of syslog, as the journal takes them from the beginning of a line: sd-daemon(3). */
const PRIORITIES = { error: 3, warn: 4, info: 6, debug: 7 } as const;

/** Whether stderr is the journal of systemd itself, and no file or pipe that it was sent to since: systemd.exec(5). */
function writesToJournal(): boolean {
  try {
    const { dev, ino } = fstatSync(2);
    return process.env['JOURNAL_STREAM'] === `${dev}:${ino}`;
  } catch {
    return false;
  }
}

function createLogger(level: LogLevel, format: 'text' | 'json'): winston.Logger {
  const { createLogger: create, format: formats, transports } = loadWinston();
  const { combine, timestamp, json, printf } = formats;
  const isJournal = writesToJournal();
  const inJournal = formats((info) => {
    const line = Symbol.for('message');
    info[line] = `<${PRIORITIES[info.level as LogLevel]}>${String(info[line])}`;
    return info;
  });
  const asText = printf(
    (info) => `${String(info['timestamp'])} ${info.level} ${String(info.message)}${fieldsAsText(info)}`,
  );
  const asLine = combine(timestamp(), format === 'json' ? json() : asText);
  return create({
    level,
    format: isJournal ? combine(asLine, inJournal()) : asLine,
    transports: [new transports.Console({ stderrLevels: [...LOG_LEVELS] })],
  });
}

/** Logs to stderr: stdout belongs to answers (`--json` is one document there). */
export function createLog(level: LogLevel, format: 'text' | 'json'): Log {
  let logger: winston.Logger | undefined;
  const write = (name: LogLevel) => {
    // winston makes and formats a line before it looks whether anybody wants it: 30 µs for each request.
    if (LOG_LEVELS.indexOf(name) > LOG_LEVELS.indexOf(level)) return () => undefined;
    return (message: string, fields: LogFields = {}): void => {
      logger ??= createLogger(level, format);
      logger.log(name, message, fields);
    };
  };
  return {
    ...{ error: write('error'), warn: write('warn'), info: write('info'), debug: write('debug') },
    showsDebug: level === 'debug',
  };
}
