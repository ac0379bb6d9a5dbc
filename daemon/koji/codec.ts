import { setImmediate as nextTurn } from 'node:timers/promises';
import CustomType from 'xmlrpc/lib/customtype.js';
import serializer from 'xmlrpc/lib/serializer.js';
import { DarkserverError } from '../../shared/errors.ts';
import { AnswerError, AnswerReader, NOT_IN_XML, type XmlRpcValue } from './answer-reader.ts';
import { reasonOf } from './http-retry.ts';

/**
 * XML-RPC as Koji speaks it (nil, i8, keyword arguments). Calls are written by the xmlrpc package behind
 * checks, as it sends what it does not understand as an empty value; answers are read by answer-reader.ts.
 */

export type { XmlRpcValue } from './answer-reader.ts';

/** What a call may carry. Whole numbers from 2^31 on are sent as i8. */
export type XmlRpcArgument =
  null | boolean | number | string | readonly XmlRpcArgument[] | { readonly [name: string]: XmlRpcArgument };

export interface Call {
  readonly method: string;
  readonly params: readonly XmlRpcArgument[];
  readonly keywords?: Readonly<Record<string, XmlRpcArgument>>;
}

const MAX_DEPTH = 32;
const INT32_MAX = 2 ** 31 - 1;
/** Characters that are read before others in the program have their turn; some 10 ms. */
const SLICE = 512 * 1024;

/** The hub's own error. Koji's codes: 1000 generic, 1 an unforeseen Python exception, others by class. */
export class HubFault extends DarkserverError {
  readonly faultCode: number;
  readonly faultString: string;

  constructor(what: string, faultCode: number, faultString: string) {
    // Of a Python traceback the last line says what went wrong.
    const said = faultString.trimEnd().split('\n').at(-1) ?? '';
    super('hub_fault', `${what}: the hub answers with fault ${faultCode}: ${said.slice(0, 500)}`);
    this.faultCode = faultCode;
    this.faultString = faultString;
  }
}

class I8 extends CustomType {
  override tagName = 'i8';
}

function sendable(value: unknown, where: string, depth = 0): unknown {
  const refuse = (what: string): never => {
    throw new DarkserverError('bad_input', `${where}: ${what} cannot be sent by XML-RPC`);
  };
  if (depth > MAX_DEPTH) return refuse(`what is nested more than ${MAX_DEPTH} deep`);
  switch (typeof value) {
    case 'boolean':
      return value;
    case 'string':
      return NOT_IN_XML.test(value) ? refuse('a control character') : value;
    case 'number':
      if (!Number.isFinite(value)) return refuse(String(value));
      if (!Number.isInteger(value) || (value <= INT32_MAX && value >= -INT32_MAX - 1)) return value;
      return Number.isSafeInteger(value) ? new I8(String(value)) : refuse(String(value));
    case 'object':
      if (value === null) return null;
      if (Array.isArray(value)) return value.map((item) => sendable(item, where, depth + 1));
      return Object.fromEntries(
        Object.entries(value).map(([name, member]) => [
          sendable(name, where, depth + 1),
          sendable(member, `${where}: ${name}`, depth + 1),
        ]),
      );
    case 'undefined':
    case 'bigint':
    case 'function':
    case 'symbol':
      return refuse(`a value of type ${typeof value}`);
  }
}

/** A call's positional parameters with its keyword arguments as Koji marks them: a last struct with `__starstar`. */
function allParams({ params, keywords }: Call): XmlRpcArgument[] {
  return keywords === undefined ? [...params] : [...params, { ...keywords, __starstar: true }];
}

/** The XML of a call. Throws `bad_input` for what XML-RPC cannot carry. */
export function encodeCall(call: Call): string {
  const params = sendable(allParams(call), call.method) as unknown[];
  try {
    return serializer.serializeMethodCall(call.method, params);
  } catch (error) {
    throw new DarkserverError('bad_input', `${call.method}: ${reasonOf(error)}`, { cause: error });
  }
}

/** Several calls as one: the hub makes them in order, in one transaction of its database. */
export function multiCall(calls: readonly Call[]): Call {
  const params = calls.map((call) => ({ methodName: call.method, params: allParams(call) }));
  return { method: 'multiCall', params: [params] };
}

/**
 * The answers of a multiCall, each in an array of one; a call that failed answers with a struct.
 * Throws `hub_fault` for the first failed call, `hub_protocol`.
 */
export function decodeMultiCall(value: XmlRpcValue, calls: readonly Call[], what: string): XmlRpcValue[] {
  if (!Array.isArray(value) || value.length !== calls.length) {
    throw new DarkserverError('hub_protocol', `${what}: no array of ${calls.length} answers`);
  }
  return value.map((answer, at) => {
    const part = `${what}: ${calls[at]?.method ?? ''}`;
    if (Array.isArray(answer) && answer.length === 1 && answer[0] !== undefined) return answer[0];
    throw (
      faultOf(answer, part) ?? new DarkserverError('hub_protocol', `${part}: neither [answer] nor a fault`)
    );
  });
}

function faultOf(value: unknown, what: string): HubFault | null {
  if (typeof value !== 'object' || value === null) return null;
  const { faultCode, faultString } = value as { faultCode?: unknown; faultString?: unknown };
  if (!Number.isSafeInteger(faultCode) || typeof faultString !== 'string') return null;
  return new HubFault(what, faultCode as number, faultString);
}

/** The text of an answer, if it looks like one from its first to its last character. */
function answerText(bytes: Uint8Array, what: string): string {
  const refuse = (why: string): never => {
    throw new DarkserverError('hub_protocol', `${what}: ${why}`);
  };
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes).trim();
  } catch {
    return refuse('the answer is not UTF-8');
  }
  if (/^<(?:!doctype\s+html|html)\b/i.test(text)) {
    const title = /<title>([^<]{1,200})/i.exec(text)?.[1]?.trim() ?? 'without a title';
    return refuse(`the answer is a page of HTML (${title}) instead of XML-RPC; is this a hub's address?`);
  }
  if (!/^<(?:\?xml|methodResponse)\b/.test(text)) return refuse('the answer is not XML-RPC');
  const end = text.indexOf('</methodResponse>');
  if (end === -1) return refuse(`the answer ends after ${bytes.length} bytes without </methodResponse>`);
  if (end + '</methodResponse>'.length !== text.length) return refuse('something follows the answer');
  if (NOT_IN_XML.test(text)) return refuse('the answer has control characters');
  return text;
}

/**
 * Reads an answer. `what` (method and hub) is named in errors: `hub_fault` as a HubFault, `hub_protocol`
 * for all that is not an XML-RPC answer. The caller has bounded its size.
 */
export async function decodeAnswer(bytes: Uint8Array, what: string): Promise<XmlRpcValue> {
  const text = answerText(bytes, what);
  try {
    const reader = new AnswerReader(text);
    for (let pause = SLICE; !reader.read();) {
      if (reader.position < pause) continue;
      await nextTurn();
      pause = reader.position + SLICE;
    }
    const { isFault, value } = reader.answer;
    if (!isFault) return value;
    throw faultOf(value, what) ?? new AnswerError('the fault has no code or no text');
  } catch (error) {
    if (!(error instanceof AnswerError)) throw error;
    throw new DarkserverError('hub_protocol', `${what}: ${error.message}`, { cause: error });
  }
}
