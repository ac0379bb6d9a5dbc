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

function createLogger(level: LogLevel, format: 'text' | 'json'): winston.Logger {
  const { createLogger: create, format: formats, transports } = loadWinston();
  const { combine, timestamp, json, printf } = formats;
  return create({
    level,
    format:
      format === 'json'
        ? combine(timestamp(), json())
        : combine(
            timestamp(),
            printf(
              (info) =>
                `${String(info['timestamp'])} ${info.level} ${String(info.message)}${fieldsAsText(info)}`,
            ),
          ),
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
  return { error: write('error'), warn: write('warn'), info: write('info'), debug: write('debug') };
}
