import * as z from 'zod';

/** The schemas that validate, as JSON Schema (draft 2020-12, which OpenAPI 3.1 uses). */

type JsonSchema = z.core.JSONSchema.BaseSchema;

const REF = '#/components/schemas/';

/** Each schema that has an id, by it. */
export function componentSchemas(): Record<string, JsonSchema> {
  const { schemas } = z.toJSONSchema(z.globalRegistry, {
    uri: (id) => REF + id,
    // Of "undefined", which `tidy` takes out.
    unrepresentable: 'any',
    override: tidy,
  });
  return Object.fromEntries(
    Object.entries(schemas).map(([id, { $schema: _dialect, $id: _uri, ...schema }]) => [id, schema]),
  );
}

/** A reference to one of componentSchemas. */
export function componentOf(schema: z.ZodType): { readonly $ref: string } {
  const id = z.globalRegistry.get(schema)?.id;
  if (id === undefined) throw new TypeError('a schema of a route has no id in its metadata');
  return { $ref: REF + id };
}

/** A query string as it is sent, before defaults and transformations. */
export function querySchema(query: z.ZodObject): {
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
} {
  const { properties, required } = z.toJSONSchema(query, { io: 'input', override: tidy });
  return {
    ...(properties !== undefined && { properties: properties as Record<string, JsonSchema> }),
    ...(required !== undefined && { required }),
  };
}

/** Takes out what says nothing, and what holds for the server of today but not for clients of it. */
function tidy({ zodSchema, jsonSchema }: { zodSchema: z.core.$ZodTypes; jsonSchema: JsonSchema }): void {
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
  const { def } = zodSchema._zod;
  if (def.type !== 'object') return;
  // Members may be added to answers. A strict object, which is sent by a client, stays as it is.
  if (def.catchall === undefined) delete jsonSchema.additionalProperties;
  for (const [name, member] of Object.entries(def.shape)) {
    if (isNothing(member)) delete jsonSchema.properties?.[name];
  }
}

/** A member that is there to keep two shapes apart in TypeScript. */
function isNothing(schema: z.core.$ZodType): boolean {
  return schema instanceof z.ZodOptional && schema.unwrap() instanceof z.ZodUndefined;
}
