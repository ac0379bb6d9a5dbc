/** The parts of the xmlrpc package that are used here; it brings no types of its own. */

declare module 'xmlrpc/lib/serializer.js' {
  const serializer: {
    serializeMethodCall(method: string, params: readonly unknown[], encoding?: string): string;
  };
  export default serializer;
}

declare module 'xmlrpc/lib/customtype.js' {
  interface XmlNode {
    ele(name: string): XmlNode;
    txt(text: string): XmlNode;
  }
  /** A value that writes its own element; `raw` is the element's text. */
  export default class CustomType {
    constructor(raw: string);
    readonly raw: string;
    tagName: string;
    serialize(xml: XmlNode): XmlNode;
  }
}

declare module 'xmlrpc/lib/deserializer.js' {
  interface XmlSink {
    write(text: string): boolean;
    end(): boolean;
  }
  /** As much of a readable stream as the deserializer touches. */
  interface XmlText {
    setEncoding(encoding: string): void;
    on(event: 'error', listener: (error: unknown) => void): void;
    pipe(sink: XmlSink): void;
  }
  export default class Deserializer {
    constructor(encoding?: string);
    deserializeMethodResponse(text: XmlText, callback: (error: unknown, value?: unknown) => void): void;
  }
}
