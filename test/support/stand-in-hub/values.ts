/** A value as the hub's Python has it: whole numbers and floats are told apart, which JSON and JavaScript do not. */
export type PyValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | Float
  | DateTime
  | readonly PyValue[]
  | { readonly [name: string]: PyValue };

export type PyStruct = Readonly<Record<string, PyValue>>;

/** Python's float, where a plain number is its int. */
export class Float {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }
}

/** xmlrpc.client.DateTime: the text of a dateTime.iso8601, not understood. */
export class DateTime {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

export function isStruct(value: PyValue | undefined): value is PyStruct {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Float) &&
    !(value instanceof DateTime) &&
    !(value instanceof Uint8Array)
  );
}

/** A struct without some of its members. */
export function without(struct: PyStruct, ...names: readonly string[]): PyStruct {
  return Object.fromEntries(Object.entries(struct).filter(([name]) => !names.includes(name)));
}

/** Python's type(value) as its error messages show it. */
export function pyType(value: PyValue): string {
  if (value === null) return "<class 'NoneType'>";
  if (value instanceof Float) return "<class 'float'>";
  if (value instanceof DateTime) return "<class 'xmlrpc.client.DateTime'>";
  if (Array.isArray(value)) return "<class 'list'>";
  if (typeof value === 'boolean') return "<class 'bool'>";
  if (typeof value === 'string') return "<class 'str'>";
  return typeof value === 'object' ? "<class 'dict'>" : "<class 'int'>";
}

/** Python's repr(value), as far as messages about what was not found need it. */
export function pyRepr(value: PyValue): string {
  if (value === null) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'string') {
    const quote = value.includes("'") && !value.includes('"') ? '"' : "'";
    return quote + value.replaceAll('\\', '\\\\').replaceAll(quote, `\\${quote}`) + quote;
  }
  if (value instanceof Float) return pyFloat(value.value);
  if (value instanceof DateTime) return `<DateTime ${pyRepr(value.text)}>`;
  if (Array.isArray(value)) return `[${value.map(pyRepr).join(', ')}]`;
  if (typeof value !== 'object') return String(value);
  const members = Object.entries(value).map(([name, member]) => `${pyRepr(name)}: ${pyRepr(member)}`);
  return `{${members.join(', ')}}`;
}

/** Python's repr of a float: as JavaScript's, but never without a point. */
export function pyFloat(value: number): string {
  return Number.isInteger(value) && Math.abs(value) < 1e16 ? `${value}.0` : String(value);
}
