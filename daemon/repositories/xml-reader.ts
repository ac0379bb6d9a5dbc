import { SaxesParser, type SaxesTagPlain } from 'saxes';
import { DarkserverError } from '../../shared/errors.ts';

/** Characters that one tag, text or comment may have. Of those that repositories have, descriptions are longest. */
const PIECE_MAX = 1024 * 1024;

/** Elements within each other. primary.xml has 5. */
const DEPTH_MAX = 32;

export type Attributes = Readonly<Record<string, string>>;

/** Elements are known by their names without a prefix, and by their depth: the root's is 1. */
export interface XmlHandler {
  /** True if the text of the element is wanted. */
  open(name: string, attributes: Attributes, depth: number): boolean;
  /** `text` is what stands between the tags where it is wanted, without the text of elements within; else "". */
  close(name: string, text: string, depth: number): void;
}

/**
 * Reads XML in pieces and keeps none of it. Document types are refused, and with them all entities but XML's
 * own five: nothing can grow. Throws `format` for what is not well-formed, `limit` for what would take too much
 * memory. `what` names the document in messages.
 */
export class XmlReader {
  readonly #what: string;
  readonly #parser = new SaxesParser();
  readonly #decoder = new TextDecoder();
  #depth = 0;
  /** The depth of the element whose text is taken, 0 for none. */
  #textDepth = 0;
  #text = '';
  /** Characters since something was last complete: the parser keeps them. */
  #pending = 0;

  constructor(what: string, handler: XmlHandler) {
    this.#what = what;
    this.#parser.on('doctype', () => {
      throw this.#error('format', 'it has a document type, as HTML has and repodata has not');
    });
    this.#parser.on('opentag', (tag) => {
      this.#open(tag, handler);
    });
    this.#parser.on('closetag', ({ name }) => {
      this.#pending = 0;
      const isWanted = this.#textDepth === this.#depth;
      handler.close(withoutPrefix(name), isWanted ? this.#text : '', this.#depth);
      if (isWanted) this.#ignoreText();
      this.#depth--;
    });
  }

  write(bytes: Uint8Array): void {
    this.#read(this.#decoder.decode(bytes, { stream: true }));
  }

  end(): void {
    this.#read(this.#decoder.decode());
    this.#parse(() => {
      this.#parser.close();
    });
  }

  #read(text: string): void {
    this.#pending += text.length;
    this.#parse(() => {
      this.#parser.write(text);
    });
    if (this.#pending > PIECE_MAX) {
      throw this.#error('limit', `one piece of it has more than ${PIECE_MAX} characters`);
    }
  }

  #open({ name, attributes }: SaxesTagPlain, handler: XmlHandler): void {
    this.#pending = 0;
    this.#depth++;
    if (this.#depth > DEPTH_MAX) throw this.#error('limit', `more than ${DEPTH_MAX} elements in each other`);
    if (!handler.open(withoutPrefix(name), attributes, this.#depth)) return;
    this.#textDepth = this.#depth;
    this.#text = '';
    const take = (text: string): void => {
      if (this.#depth !== this.#textDepth) return;
      this.#text += text;
      if (this.#text.length > PIECE_MAX)
        throw this.#error('limit', `<${name}> has more than ${PIECE_MAX} characters`);
    };
    this.#parser.on('text', take);
    this.#parser.on('cdata', take);
  }

  #ignoreText(): void {
    this.#textDepth = 0;
    this.#parser.off('text');
    this.#parser.off('cdata');
  }

  #parse(step: () => void): void {
    try {
      step();
    } catch (thrown) {
      if (thrown instanceof DarkserverError) throw thrown;
      const message = thrown instanceof Error ? thrown.message : String(thrown);
      throw this.#error('format', `it is not well-formed XML: ${message.slice(0, 200)}`);
    }
  }

  #error(code: 'format' | 'limit', message: string): DarkserverError {
    return new DarkserverError(code, `${this.#what}: ${message}`);
  }
}

/** The whole of a small document. Throws as XmlReader. */
export function readXml(bytes: Uint8Array, what: string, handler: XmlHandler): void {
  const reader = new XmlReader(what, handler);
  reader.write(bytes);
  reader.end();
}

function withoutPrefix(name: string): string {
  return name.slice(name.indexOf(':') + 1);
}
