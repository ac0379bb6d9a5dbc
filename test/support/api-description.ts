import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';

/** An OpenAPI document as far as tests look into it. */
export interface ApiDescription {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, object>>;
    readonly responses: Readonly<Record<string, Response>>;
  };
}

interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: 'path' | 'query';
    readonly schema: object;
    readonly example?: string;
  }[];
  readonly responses: Readonly<Record<string, Response | { readonly $ref: string }>>;
}

interface Response {
  readonly description: string;
  readonly content?: Readonly<Record<string, { readonly schema: object; readonly example?: unknown }>>;
}

/** A described answer. */
export interface DescribedAnswer {
  /** "GET /api/v1/buildids", as the document has it. */
  readonly operation: string;
  readonly contentType: string | null;
  /** What is wrong with a body; null where nothing is. */
  readonly complaint: (body: unknown) => string | null;
}

export interface ApiChecker {
  /** Operations of the document, as "GET /api/v1/buildids". */
  readonly operations: readonly string[];
  /** The description of an answer. Throws where the document has none. */
  answerTo(method: string, path: string, status: number): DescribedAnswer;
  /** What is wrong with a value by a schema of the document; null where nothing is. */
  complaint(schema: object, value: unknown): string | null;
}

/** Holds answers to a document. Members that it does not know are refused, though clients are to bear them. */
export function checkerOf({ paths, components }: ApiDescription): ApiChecker {
  const ajv = new Ajv2020({ strict: true, allowUnionTypes: true, allErrors: true });
  ajv.addVocabulary(['components', 'schemas']);
  ajv.addSchema({ $id: 'api:document', components: { schemas: closed(components.schemas) } });
  const compiled = new Map<string, ValidateFunction>();

  const complaint = (schema: object, value: unknown): string | null => {
    const text = JSON.stringify(closed(schema)).replaceAll('"#/components', '"api:document#/components');
    const validate = compiled.get(text) ?? ajv.compile(JSON.parse(text) as object);
    compiled.set(text, validate);
    return validate(value) ? null : ajv.errorsText(validate.errors);
  };

  const answerTo = (method: string, path: string, status: number): DescribedAnswer => {
    const template = Object.keys(paths).find((each) => patternOf(each).test(path.split('?', 1)[0] ?? ''));
    const operation = `${method} ${template}`;
    const found = paths[template ?? '']?.[method.toLowerCase()]?.responses[status];
    if (found === undefined) throw new Error(`${operation} has no answer ${status} in the document`);
    const response = '$ref' in found ? components.responses[found.$ref.split('/').at(-1) ?? ''] : found;
    const [[contentType, content] = []] = Object.entries(response?.content ?? {});
    return {
      operation,
      contentType: contentType ?? null,
      complaint: (body) =>
        content === undefined ? 'the answer has no body in the document' : complaint(content.schema, body),
    };
  };

  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  return { operations, answerTo, complaint };
}

function patternOf(template: string): RegExp {
  return new RegExp(`^${template.replaceAll('.', '\\.').replaceAll(/{\w+}/g, '[^/]+')}$`);
}

/** With "additionalProperties": false in each object that says nothing of it. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== 'object' || schema === null) return schema;
  const members = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, closed(value)]));
  return 'properties' in schema ? { additionalProperties: false, ...members } : members;
}
