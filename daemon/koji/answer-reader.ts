/** What an answer is made of. An i8 arrives as a string of digits. */
export type XmlRpcValue =
  null | boolean | number | string | Date | Buffer | XmlRpcValue[] | { [name: string]: XmlRpcValue };

/** What is wrong with an answer; whoever reads it knows whose it is. */
export class AnswerError extends Error {}

const MAX_DEPTH = 32;
/** Characters of what was found instead that are worth telling. */
const SHOWN = 40;

/** XML 1.0 knows no control characters but these three, and no half surrogate pairs. */
export const NOT_IN_XML = /(?![\t\n\r])[\p{Cc}\p{Cs}\ufffe\uffff]/u;

const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

/** An array or a struct that is not read to its end yet; a struct's member waits for its value. */
type Open =
  { readonly items: XmlRpcValue[] } | { readonly members: Record<string, XmlRpcValue>; name: string };

/**
 * Reads XML-RPC's answers (xmlrpc.com/spec, and Koji's nil and i8) in one pass. No parser of XML: what
 * Python's xmlrpc.client writes has no attributes, comments, CDATA or entities of its own, and a general parser
 * takes twenty times as long, which is a fifth of what indexing costs. Whatever else comes is an AnswerError.
 */
export class AnswerReader {
  readonly #text: string;
  readonly #open: Open[] = [];
  readonly #isFault: boolean;
  #at = 0;
  /** The tag that was read last, without its brackets. */
  #last = '';
  #value: XmlRpcValue | undefined;

  constructor(text: string) {
    this.#text = text;
    if (text.startsWith('<?xml')) this.#at = this.#find('?>') + 2;
    this.#expect('methodResponse');
    this.#isFault = this.#next() === 'fault';
    if (!this.#isFault) {
      this.#wasLast('params');
      this.#expect('param');
    }
    this.#expect('value');
  }

  /** Characters read so far. */
  get position(): number {
    return this.#at;
  }

  /** Once read() has returned true. */
  get answer(): { readonly isFault: boolean; readonly value: XmlRpcValue } {
    if (this.#value === undefined) throw new AnswerError('a value is missing');
    return { isFault: this.#isFault, value: this.#value };
  }

  /** Reads one value, or the beginning or the end of one that holds others. True at the end of the answer. */
  read(): boolean {
    const open = this.#open.at(-1);
    if (open === undefined) {
      this.#readValue();
    } else if ('items' in open) {
      if (this.#next() === 'value') this.#readValue();
      else this.#closeArray(open.items);
    } else if (this.#next() === 'member') {
      this.#expect('name');
      open.name = this.#textUntil('name');
      if (open.name === '__proto__') throw new AnswerError('a struct has a member "__proto__"');
      this.#expect('value');
      this.#readValue();
    } else {
      this.#wasLast('/struct');
      this.#close(open.members);
    }
    if (this.#value === undefined) return false;
    for (const tag of this.#isFault ? ['/fault'] : ['/param', '/params']) this.#expect(tag);
    this.#expect('/methodResponse');
    return true;
  }

  /** Behind <value>. */
  #readValue(): void {
    const start = this.#at;
    const bracket = this.#find('<');
    if (this.#text.startsWith('</value>', bracket)) {
      this.#at = bracket + '</value>'.length;
      this.#take(decodeText(this.#text.slice(start, bracket)));
      return;
    }
    const type = this.#next();
    switch (type) {
      case 'array':
        this.#begin({ items: [] });
        if (this.#next() === 'data') return;
        this.#wasLast('data/');
        this.#expect('/array');
        this.#open.pop();
        this.#valueEnds([]);
        return;
      case 'struct':
        this.#begin({ members: {}, name: '' });
        return;
      case 'struct/':
        this.#valueEnds({});
        return;
      case 'nil/':
        this.#valueEnds(null);
        return;
      case 'string/':
        this.#valueEnds('');
        return;
      default:
        this.#valueEnds(scalar(type, this.#textUntil(type)));
    }
  }

  #begin(open: Open): void {
    if (this.#open.push(open) > MAX_DEPTH) {
      throw new AnswerError(`the answer is nested more than ${MAX_DEPTH} deep`);
    }
  }

  #closeArray(items: XmlRpcValue[]): void {
    this.#wasLast('/data');
    this.#expect('/array');
    this.#close(items);
  }

  #close(value: XmlRpcValue): void {
    this.#open.pop();
    this.#valueEnds(value);
  }

  #valueEnds(value: XmlRpcValue): void {
    this.#expect('/value');
    this.#take(value);
  }

  /** Puts a value that was read to where it belongs. */
  #take(value: XmlRpcValue): void {
    const open = this.#open.at(-1);
    if (open === undefined) this.#value = value;
    else if ('items' in open) open.items.push(value);
    else {
      open.members[open.name] = value;
      this.#expect('/member');
    }
  }

  /** The text up to the closing tag of an element; an element in it would be found by its "<". */
  #textUntil(element: string): string {
    const start = this.#at;
    const end = this.#find('<');
    this.#at = end;
    if (!this.#text.startsWith(`</${element}>`, end)) this.#expect(`/${element}`);
    this.#at = end + element.length + 3;
    return decodeText(this.#text.slice(start, end));
  }

  /** The next tag without its brackets; blanks may stand before it. */
  #next(): string {
    const text = this.#text;
    let at = this.#at;
    while (isBlank(text.charCodeAt(at))) at++;
    if (text[at] !== '<') throw this.#unexpected('a tag', at);
    const end = text.indexOf('>', at);
    if (end === -1) throw this.#unexpected('a tag', at);
    this.#at = end + 1;
    return (this.#last = text.slice(at + 1, end));
  }

  #expect(tag: string): void {
    this.#next();
    this.#wasLast(tag);
  }

  #wasLast(tag: string): void {
    if (this.#last !== tag) throw this.#unexpected(`<${tag}>`, this.#at - this.#last.length - 2);
  }

  #find(what: string): number {
    const at = this.#text.indexOf(what, this.#at);
    if (at === -1) throw this.#unexpected(what, this.#at);
    return at;
  }

  #unexpected(wanted: string, at: number): AnswerError {
    const found = JSON.stringify(this.#text.slice(at, at + SHOWN));
    return new AnswerError(`${wanted} is missing at character ${at}, where there is ${found}`);
  }
}

function isBlank(code: number): boolean {
  return code === 0x20 || (code >= 0x09 && code <= 0x0d);
}

function scalar(type: string, text: string): XmlRpcValue {
  const trimmed = text.trim();
  const refuse = (what: string): never => {
    throw new AnswerError(`${JSON.stringify(`<${type}>${text}`.slice(0, SHOWN))} is no ${what}`);
  };
  switch (type) {
    case 'string':
      return text;
    case 'int':
    case 'i4':
    case 'i8': {
      if (!/^[+-]?\d+$/.test(trimmed)) return refuse('number');
      return type === 'i8' ? trimmed : Number(trimmed);
    }
    case 'double': {
      const number = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(trimmed) ? Number(trimmed) : NaN;
      return Number.isFinite(number) ? number : refuse('number');
    }
    case 'boolean':
      return trimmed === '1' || (trimmed !== '0' && refuse('boolean'));
    case 'dateTime.iso8601':
      return dateOf(trimmed) ?? refuse('time');
    case 'base64':
      return /^[\sA-Za-z0-9+/=]*$/.test(text) ? Buffer.from(text, 'base64') : refuse('base64');
    default:
      return refuse('kind of value');
  }
}

/** XML-RPC's times have no zone; they are taken for this machine's. */
function dateOf(text: string): Date | null {
  const parts = /^(\d{4})(\d\d)(\d\d)T(\d\d):(\d\d):(\d\d)$/.exec(text)?.slice(1).map(Number);
  if (parts === undefined) return null;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts;
  return new Date(year, month - 1, day, hour, minute, second);
}

function decodeText(text: string): string {
  return text.includes('&')
    ? text.replaceAll(/&([^;&]{0,10};?)/g, (_, name: string) => characterOf(name))
    : text;
}

/** What a reference stands for, "lt;" or "#60;" or "#x3c;". */
function characterOf(reference: string): string {
  const [, name, decimal, hex] = /^(?:([a-z]+)|#(\d+)|#x([\da-f]+));$/i.exec(reference) ?? [];
  const code = decimal === undefined ? Number.parseInt(hex ?? '', 16) : Number(decimal);
  const character =
    name === undefined ? (code <= 0x10ffff ? String.fromCodePoint(code) : undefined) : ENTITIES[name];
  if (character === undefined) throw new AnswerError(`"&${reference}" is no character`);
  if (NOT_IN_XML.test(character)) throw new AnswerError('the answer has control characters');
  return character;
}
