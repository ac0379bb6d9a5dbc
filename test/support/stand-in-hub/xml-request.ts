import { SaxesParser } from 'saxes';
import { DateTime, Float } from './values.ts';
import type { PyValue } from './values.ts';

/** A request that is no XML-RPC: HTTP 400 with this text, as the hub words it. */
export class InvalidRequest extends Error {}

export interface MethodCall {
  readonly method: string;
  readonly params: readonly PyValue[];
}

/** The text of a request in the encoding that its XML declaration names. */
function textOf(body: Uint8Array): string {
  const head = Buffer.from(body.subarray(0, 200)).toString('latin1');
  const encoding = /^<\?xml[^>]*\bencoding=["']([^"']+)["']/.exec(head)?.[1] ?? 'utf-8';
  return new TextDecoder(encoding, { fatal: true }).decode(body);
}

function wholeNumber(text: string): number | bigint {
  if (!/^\s*[+-]?\d+\s*$/.test(text)) {
    throw new InvalidRequest(`invalid literal for int() with base 10: '${text}'`);
  }
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : BigInt(text.trim());
}

function scalar(type: string, text: string): PyValue {
  switch (type) {
    case 'nil':
      return null;
    case 'boolean':
      return text === '1';
    case 'int':
    case 'i4':
    case 'i8':
      return wholeNumber(text);
    case 'double':
      return new Float(Number(text));
    case 'dateTime.iso8601':
      return new DateTime(text);
    case 'base64':
      return Buffer.from(text, 'base64');
    default:
      return text;
  }
}

/** Puts the values of a request together as its elements close. */
class CallBuilder {
  method = '';
  readonly params: PyValue[] = [];
  /** Values that are complete inside each array or struct that is not. */
  readonly #open: { values: PyValue[]; names: string[] }[] = [];
  #text = '';
  /** A <value> whose type is not known yet: it is a string if none comes. */
  #untyped = false;

  open(element: string): void {
    this.#text = '';
    if (element === 'array' || element === 'struct') this.#open.push({ values: [], names: [] });
    this.#untyped = element === 'value';
  }

  text(text: string): void {
    this.#text += text;
  }

  close(element: string): void {
    switch (element) {
      case 'methodName':
        this.method = this.#text;
        break;
      case 'name':
        this.#open.at(-1)?.names.push(this.#text);
        break;
      case 'array':
        this.#add(this.#open.pop()?.values ?? []);
        break;
      case 'struct': {
        const { names, values } = this.#open.pop() ?? { names: [], values: [] };
        this.#add(Object.fromEntries(names.map((name, at) => [name, values[at] ?? null])));
        break;
      }
      case 'value':
        if (this.#untyped) this.#add(this.#text);
        break;
      case 'nil':
      case 'boolean':
      case 'int':
      case 'i4':
      case 'i8':
      case 'double':
      case 'string':
      case 'base64':
      case 'dateTime.iso8601':
        this.#add(scalar(element, this.#text));
        break;
    }
  }

  #add(value: PyValue): void {
    this.#untyped = false;
    (this.#open.at(-1)?.values ?? this.params).push(value);
  }
}

/** Where a text ends, as expat counts: lines from 1, columns from 0. */
function endOf(text: string): string {
  const lines = text.split('\n');
  return `line ${lines.length}, column ${lines.at(-1)?.length ?? 0}`;
}

/** Reads a request's body. Throws InvalidRequest in the words of the hub (expat's, Python's, defusedxml's). */
export function parseCall(body: Uint8Array): MethodCall {
  if (body.length === 0) throw new InvalidRequest('Empty request');
  const text = textOf(body);
  if (!text.trimStart().startsWith('<')) throw new InvalidRequest('syntax error: line 1, column 0');
  const builder = new CallBuilder();
  const parser = new SaxesParser();
  let atEnd = false;
  parser.on('doctype', (doctype) => {
    const entity = /<!ENTITY\s+(\S+)/.exec(doctype)?.[1];
    if (entity === undefined) return;
    throw new InvalidRequest(`EntitiesForbidden(name='${entity}', system_id=None, public_id=None)`);
  });
  parser.on('error', () => {
    throw new InvalidRequest(
      atEnd
        ? `no element found: ${endOf(text)}`
        : `not well-formed (invalid token): line ${parser.line}, column ${parser.column}`,
    );
  });
  const localName = (name: string): string => name.slice(name.indexOf(':') + 1);
  parser.on('opentag', ({ name }) => {
    builder.open(localName(name));
  });
  parser.on('text', (part) => {
    builder.text(part);
  });
  parser.on('cdata', (part) => {
    builder.text(part);
  });
  parser.on('closetag', ({ name }) => {
    builder.close(localName(name));
  });
  parser.write(text);
  atEnd = true;
  parser.close();
  return { method: builder.method, params: builder.params };
}
