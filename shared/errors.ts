/**
 * The one error taxonomy. Every error that crosses a room carries a literal code, and three tables
 * are fed from the code alone: the HTTP status, whether a job is tried again, the exit code.
 */

/** How a worker treats a job that failed with this code. */
export type JobDisposition = 'retry' | 'park';

interface ErrorClass {
  readonly httpStatus: number;
  readonly job: JobDisposition;
  readonly exitCode: number;
}

/** Exit codes of every program, as INTERFACE numbers them. */
export const EXIT = { done: 0, noMatch: 1, network: 2, badInput: 3, usage: 4, configuration: 5 } as const;

const CLASSES = {
  /** The question was understood and nothing answers it. */
  not_found: { httpStatus: 404, job: 'park', exitCode: EXIT.noMatch },
  /** A value given by a caller is malformed. */
  bad_input: { httpStatus: 400, job: 'park', exitCode: EXIT.badInput },
  unauthorized: { httpStatus: 401, job: 'park', exitCode: EXIT.usage },
  too_large: { httpStatus: 413, job: 'park', exitCode: EXIT.badInput },
  uri_too_long: { httpStatus: 414, job: 'park', exitCode: EXIT.badInput },
  unsupported_media_type: { httpStatus: 415, job: 'park', exitCode: EXIT.badInput },
  unprocessable: { httpStatus: 422, job: 'park', exitCode: EXIT.badInput },
  /** One address asked for more than its share in a time. */
  too_many_requests: { httpStatus: 429, job: 'retry', exitCode: EXIT.network },
  /** Connection refused or cut, DNS, a time limit, 5xx, 429: it may pass by itself. */
  network: { httpStatus: 503, job: 'retry', exitCode: EXIT.network },
  /** A file that Koji lists is not (yet) where it must be: 404, 403 or ENOENT. */
  missing_file: { httpStatus: 503, job: 'retry', exitCode: EXIT.network },
  /** The hub answered, but not what its API promises: wrong types, HTML, truncated XML. */
  hub_protocol: { httpStatus: 502, job: 'retry', exitCode: EXIT.network },
  /** The hub answered with an XML-RPC fault. */
  hub_fault: { httpStatus: 502, job: 'retry', exitCode: EXIT.network },
  /** A package, cpio or ELF file breaks its format; reading it again changes nothing. */
  format: { httpStatus: 422, job: 'park', exitCode: EXIT.badInput },
  /** A bound of ours was reached by a file that may be well-formed. */
  limit: { httpStatus: 422, job: 'park', exitCode: EXIT.badInput },
  /** The database is locked or the disk is full. */
  store: { httpStatus: 503, job: 'retry', exitCode: EXIT.noMatch },
  usage: { httpStatus: 400, job: 'park', exitCode: EXIT.usage },
  /** Something that an admin has to put right, and then all goes on: zstd is not installed, for one. */
  configuration: { httpStatus: 500, job: 'retry', exitCode: EXIT.configuration },
  /** The work was called off because the program is stopping. */
  stopped: { httpStatus: 503, job: 'retry', exitCode: EXIT.noMatch },
  /** A defect of ours. */
  internal: { httpStatus: 500, job: 'retry', exitCode: EXIT.noMatch },
} as const satisfies Record<string, ErrorClass>;

export type ErrorCode = keyof typeof CLASSES;

export class DarkserverError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'DarkserverError';
    this.code = code;
  }
}

/** A parser's error: which format was broken, and where. */
export class FormatError extends DarkserverError {
  /** The format by its field's name: "RPM lead", "RPM header", "cpio", "ELF", … */
  readonly format: string;
  /** Bytes from the start of what was parsed. */
  readonly offset: number;

  constructor(format: string, offset: number, message: string) {
    super('format', `${format} at offset ${offset}: ${message}`);
    this.name = 'FormatError';
    this.format = format;
    this.offset = offset;
  }
}

/** Any thrown value as an error of the taxonomy; what is not one already is a defect of ours. */
export function toDarkserverError(thrown: unknown): DarkserverError {
  if (thrown instanceof DarkserverError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new DarkserverError('internal', message, { cause: thrown });
}

export function httpStatusOf(code: ErrorCode): number {
  return CLASSES[code].httpStatus;
}

export function jobDispositionOf(code: ErrorCode): JobDisposition {
  return CLASSES[code].job;
}

export function exitCodeOf(code: ErrorCode): number {
  return CLASSES[code].exitCode;
}
