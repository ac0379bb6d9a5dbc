import { STATUS_CODES } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ErrorAnswer } from '../../shared/api.ts';
import { DarkserverError, httpStatusOf } from '../../shared/errors.ts';
import type { Log } from '../log.ts';
import { answerError } from './error-answer.ts';
import { MAX_BODY_BYTES } from './limits.ts';

/** What fastify refuses before a handler sees it, in our words: its own tell more than a caller needs. */
const FRAMEWORK_ERRORS: Readonly<Record<string, { status: number; code: string; message: string }>> = {
  FST_ERR_BAD_URL: {
    status: 400,
    code: 'bad_input',
    message: 'the URL is malformed: its %-escapes must be two hex digits each and spell UTF-8',
  },
  FST_ERR_CTP_INVALID_JSON_BODY: { status: 400, code: 'bad_input', message: 'the body is not valid JSON' },
  FST_ERR_CTP_EMPTY_JSON_BODY: { status: 400, code: 'bad_input', message: 'the body is empty; send JSON' },
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: {
    status: 400,
    code: 'bad_input',
    message: 'the body is not as long as Content-Length says',
  },
  FST_ERR_CTP_INVALID_MEDIA_TYPE: {
    status: 415,
    code: 'unsupported_media_type',
    message: 'send the body as Content-Type: application/json',
  },
  FST_ERR_CTP_BODY_TOO_LARGE: {
    status: 413,
    code: 'too_large',
    message: `the body is larger than ${MAX_BODY_BYTES} bytes; send several smaller ones`,
  },
};

interface HttpError {
  readonly status: number;
  readonly answer: ErrorAnswer;
}

/**
 * Any thrown value as an answer. From 500 on the caller learns the request's id and no more: messages of
 * the store or of a defect name files and SQL. The log has them under the same id.
 */
function toHttpError(thrown: unknown, requestId: string): HttpError {
  if (thrown instanceof DarkserverError) {
    const status = httpStatusOf(thrown.code);
    const message = status < 500 ? thrown.message : withheld(status, requestId);
    return { status, answer: { error: { code: thrown.code, message } } };
  }
  const known = FRAMEWORK_ERRORS[codeOf(thrown)];
  if (known !== undefined) {
    return { status: known.status, answer: { error: { code: known.code, message: known.message } } };
  }
  const status = statusOf(thrown);
  if (status !== null) {
    const message = STATUS_CODES[status] ?? 'the request cannot be answered';
    return { status, answer: { error: { code: 'bad_input', message } } };
  }
  return { status: 500, answer: { error: { code: 'internal', message: withheld(500, requestId) } } };
}

/** fastify's error handler; also called directly for what fails before a route is found. */
export function createErrorHandler(log: Log) {
  return (thrown: unknown, request: FastifyRequest, reply: FastifyReply): void => {
    const { status, answer } = toHttpError(thrown, request.id);
    if (status >= 500) {
      const { message, stack } = thrown instanceof Error ? thrown : new Error(String(thrown));
      log.error(`request failed: ${message}`, {
        request: request.id,
        method: request.method,
        route: request.routeOptions.url ?? null,
        stack: stack ?? null,
      });
    }
    // The store's troubles (a locked database, a full disk) and a crowd pass; a client should ask again, not at once.
    if ((status === 503 || status === 429) && !reply.hasHeader('retry-after'))
      void reply.header('retry-after', '5');
    answerError(request, reply, status, answer);
  };
}

function withheld(status: number, requestId: string): string {
  const what = status === 503 ? 'this cannot be answered at the moment' : 'something failed on the server';
  return `${what}; its log has the reason under request ${requestId}`;
}

function codeOf(thrown: unknown): string {
  return thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : '';
}

/** A client error's status as fastify and its plugins attach it. */
function statusOf(thrown: unknown): number | null {
  if (!(thrown instanceof Error) || !('statusCode' in thrown)) return null;
  const { statusCode } = thrown;
  return typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500 ? statusCode : null;
}
