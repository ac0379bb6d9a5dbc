import { STATUS_CODES } from 'node:http';
import * as z from 'zod';
import { errorAnswer } from '../../shared/api.ts';
import { DESCRIBED_ERRORS, type DescribedError, ERRORS_OF_ALL } from './api-errors.ts';
import { cacheIf } from './caching.ts';
import { componentOf, componentSchemas, querySchema } from './json-schemas.ts';
import { mayBeLimited } from './rate-limit.ts';
import { type Route, route } from './route.ts';

const TAGS: Readonly<Record<Route['tag'], string>> = {
  lookup: 'From build-ids, packages and paths to RPMs and their addresses.',
  push: "For a Koji's plugin and for scripts.",
  operation: 'For whoever runs the server.',
  upstream: 'The routes of the first Darkserver, for its clients.',
};

const ABOUT =
  'From a GNU build-id to the exact Koji build, its RPM or image, and addresses from which that can be had. ' +
  'Each GET answers HEAD too, with an ETag, and 304 to If-None-Match. Web pages of any origin may read the ' +
  'answers. Members may be added to answers: pass over those that you do not know.';

const openApiDocument = z
  .looseObject({ openapi: z.string() })
  .meta({ id: 'OpenApiDocument', description: 'OpenAPI 3.1.' });

/** GET /openapi.json: the routes, and itself. */
export function openApiRoutes(routes: readonly Route[], version: string): Route[] {
  let document: z.infer<typeof openApiDocument> | null = null;
  const own = route({
    method: 'GET',
    path: '/openapi.json',
    operation: 'getOpenApi',
    tag: 'operation',
    summary: 'This description',
    params: {},
    answer: openApiDocument,
    errors: [],
    handle: (_question, reply) => {
      // Not at the start, which need not wait for it.
      document ??= describeApi([...routes, own], version);
      cacheIf(true, reply);
      return Promise.resolve(document);
    },
  });
  return [own];
}

function describeApi(routes: readonly Route[], version: string): z.infer<typeof openApiDocument> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const each of routes) (paths[each.path] ??= {})[each.method.toLowerCase()] = describeOperation(each);
  return {
    openapi: '3.1.0',
    info: { title: 'Darkserver', version, description: ABOUT, license: { name: 'MIT', identifier: 'MIT' } },
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    paths,
    components: {
      schemas: componentSchemas(),
      responses: {
        ...Object.fromEntries(
          Object.entries(DESCRIBED_ERRORS).map(([status, error]) => [
            responseName(status),
            describeError(Number(status), error),
          ]),
        ),
        NotModified: {
          description: 'What If-None-Match names is still right.',
          headers: headersOf('ETag', 'Cache-Control'),
        },
      },
      headers: {
        ETag: { description: 'For If-None-Match.', schema: { type: 'string' } },
        'Cache-Control': { description: 'How long the answer may be kept.', schema: { type: 'string' } },
        'Retry-After': { description: 'Seconds to wait.', schema: { type: 'integer' } },
      },
      securitySchemes: { pushToken: { type: 'http', scheme: 'bearer' } },
    },
  };
}

function describeOperation(described: Route): object {
  const { operation, tag, summary, description, errors, body, status = 200 } = described;
  const parameters = [...pathParameters(described), ...queryParameters(described)];
  const statuses = [...errors, ...ERRORS_OF_ALL, ...(mayBeLimited(described.path) ? [429] : [])].sort();
  return {
    operationId: operation,
    tags: [tag],
    summary,
    ...(description !== undefined && { description }),
    ...(parameters.length > 0 && { parameters }),
    ...(body !== null && { requestBody: { required: true, content: jsonOf(body) } }),
    // Without a token in the configuration none is needed.
    ...(errors.includes(401) && { security: [{ pushToken: [] }, {}] }),
    responses: {
      [status]: describeAnswer(described),
      ...(described.method === 'GET' && { 304: { $ref: '#/components/responses/NotModified' } }),
      ...Object.fromEntries(
        statuses.map((each) => [each, { $ref: `#/components/responses/${responseName(each)}` }]),
      ),
    },
  };
}

function describeAnswer({ answer, method, status = 200 }: Route): object {
  const isText = 'contentType' in answer;
  return {
    description: isText ? answer.description : (STATUS_CODES[status] ?? ''),
    ...(method === 'GET' && { headers: headersOf('ETag', 'Cache-Control') }),
    content: isText ? { [answer.contentType]: { schema: { type: 'string' } } } : jsonOf(answer),
  };
}

function describeError(status: number, { code, description, example }: DescribedError): object {
  return {
    description,
    ...((status === 429 || status === 503) && { headers: headersOf('Retry-After') }),
    content: {
      'application/json': {
        schema: componentOf(errorAnswer),
        example: { error: { code, ...(status === 404 && { reason: 'unknown' }), message: example } },
      },
    },
  };
}

function pathParameters({ params }: Route): object[] {
  return Object.entries(params).map(([name, { description, example }]) => ({
    ...{ name, in: 'path', required: true, description, example },
    schema: { type: 'string' },
  }));
}

function queryParameters({ query }: Route): object[] {
  if (query === null) return [];
  const { properties = {}, required = [] } = querySchema(query);
  return Object.entries(properties).map(([name, { description, ...schema }]) => ({
    ...{ name, in: 'query', required: required.includes(name), description },
    schema,
  }));
}

function jsonOf(schema: z.ZodType): object {
  return { 'application/json': { schema: componentOf(schema) } };
}

function headersOf(...names: readonly string[]): object {
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
}

function responseName(status: number | string): string {
  return `Error${status}`;
}
