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
