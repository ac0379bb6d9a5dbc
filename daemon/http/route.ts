import type { FastifyReply, FastifyRequest, RouteShorthandOptions } from 'fastify';
import type * as z from 'zod';
import type { ErrorAnswer } from '../../shared/api.ts';
import { queryDecoder } from './query.ts';
import { decode } from './request.ts';

/**
 * A route as it answers and as /openapi.json describes it: both are made of the same schemas, so that neither can
 * say something else than the other.
 */
export interface Route extends RouteFacts {
  readonly params: Readonly<Record<string, Parameter>>;
  /** Null: what stands behind the "?" is not looked at. */
  readonly query: z.ZodObject | null;
  readonly body: z.ZodType | null;
  readonly answer: z.ZodType | TextAnswer;
  readonly handler: (request: FastifyRequest, reply: FastifyReply) => unknown;
}

interface RouteFacts {
  readonly method: 'GET' | 'POST';
  /** As OpenAPI writes it: {name} stands for one segment. */
  readonly path: string;
  /** Distinct: tools name functions after it. */
  readonly operation: string;
  readonly tag: 'lookup' | 'operation' | 'upstream' | 'push';
  readonly summary: string;
  readonly description?: string;
  /** Of the answer that is no error; 200 unless it is said. */
  readonly status?: number;
  /** Statuses of errors, beside those that every route may answer with. */
  readonly errors: readonly number[];
  readonly options?: Pick<RouteShorthandOptions, 'config' | 'onRequest'>;
}

/** A segment of a path, which its handler reads by itself. */
interface Parameter {
  readonly description: string;
  readonly example: string;
}

/** An answer that is no JSON. */
interface TextAnswer {
  readonly contentType: string;
  readonly description: string;
}

type ParamsOf<Path> = Path extends `${string}{${infer Name}}${infer Rest}` ? Name | ParamsOf<Rest> : never;

/** What a caller asked, decoded. */
interface Question<Path, Query, Body> {
  readonly params: Readonly<Record<ParamsOf<Path>, string>>;
  readonly query: Query;
  readonly body: Body;
}

interface Described<
  Path extends string,
  Query extends z.ZodObject,
  Body extends z.ZodType,
  Answer,
> extends RouteFacts {
  readonly path: Path;
  readonly params: Readonly<Record<ParamsOf<Path>, Parameter>>;
  readonly query?: Query;
  readonly body?: Body;
  readonly answer: z.ZodType<Answer> | TextAnswer;
  readonly handle: (
    question: Question<Path, z.output<Query>, z.output<Body>>,
    reply: FastifyReply,
  ) => Promise<NoInfer<Answer> | ErrorAnswer>;
}

/** Holds the handler to the types of its schemas. Answers are not checked when they are given. */
export function route<
  const Path extends string,
  Answer,
  Query extends z.ZodObject = z.ZodObject,
  Body extends z.ZodType = z.ZodType,
>(described: Described<Path, Query, Body, Answer>): Route {
  const { handle, query, body, ...facts } = described;
  const decodeQuery = query === undefined ? () => undefined : queryDecoder(query);
  const decodeBody = body === undefined ? () => undefined : (sent: unknown) => decode(body, sent);
  return {
    ...facts,
    query: query ?? null,
    body: body ?? null,
    handler: (request, reply) => {
      const question = {
        params: request.params,
        query: decodeQuery(request),
        body: decodeBody(request.body),
      };
      return handle(question as Question<Path, z.output<Query>, z.output<Body>>, reply);
    },
  };
}
