import { MAX_BATCH } from '../../shared/api.ts';
import type { ErrorCode } from '../../shared/errors.ts';
import { MAX_HEADER_BYTES, MAX_URL_BYTES } from './limits.ts';

/** An error as /openapi.json describes it. */
export interface DescribedError {
  readonly code: ErrorCode;
  readonly description: string;
  /** A message that may come with it. */
  readonly example: string;
}

/** Any request may be refused so, and any answer may fail. */
export const ERRORS_OF_ALL = [408, 414, 431, 500, 503] as const;

/** Errors by their HTTP status; routes name those that they answer with. */
export const DESCRIBED_ERRORS: Readonly<Record<number, DescribedError>> = {
  400: {
    code: 'bad_input',
    description: 'Something is malformed, missing, unknown or given twice; the message names it.',
    example: '"xyz" is not a build-id: give 2 to 64 bytes as hex digits, or a Breakpad module id',
  },
  401: {
    code: 'unauthorized',
    description:
      'The token is missing or wrong, or none is configured and the caller is not on this machine.',
    example: 'send the push token as Authorization: Bearer TOKEN',
  },
  404: {
    code: 'not_found',
    description: 'Nothing is known of it, and why.',
    example: 'no RPM hello-1-1.noarch is known',
  },
  408: {
    code: 'bad_input',
    description: 'The request did not arrive in time.',
    example: 'the request did not arrive in time',
  },
  413: {
    code: 'too_large',
    description: 'The body, or a list in it, is too long.',
    example: `build_ids has more than ${MAX_BATCH} members; send several`,
  },
  414: {
    code: 'uri_too_long',
    description: 'The URL is too long.',
    example: `the URL is longer than ${MAX_URL_BYTES} bytes; POST /api/v1/buildids takes more build-ids`,
  },
  415: {
    code: 'unsupported_media_type',
    description: 'The body is not application/json, or it is packed.',
    example: 'send the body as Content-Type: application/json',
  },
  422: {
    code: 'unprocessable',
    description: 'It is well-formed, and cannot be done here.',
    example: 'this server has no Koji named "elsewhere"; it has fedora',
  },
  429: {
    code: 'too_many_requests',
    description:
      'Too many requests came from this address, where the server has a limit; or too many large questions of all clients wait. Retry-After says when to ask again.',
    example: 'more than 600 requests in 60 seconds came from this address; ask again when Retry-After says',
  },
  431: {
    code: 'too_large',
    description: 'URL and header lines are too long together.',
    example: `URL and header lines are larger than ${MAX_HEADER_BYTES} bytes; POST /api/v1/buildids takes more ids`,
  },
  500: {
    code: 'internal',
    description: "A defect. The server's log has it under the request that the message names.",
    example: 'something failed on the server; its log has the reason under request 1f2e3d4c-9',
  },
  503: {
    code: 'store',
    description: 'Not at the moment: the database does not answer, or the server is stopping.',
    example: 'this cannot be answered at the moment; its log has the reason under request 1f2e3d4c-9',
  },
};
