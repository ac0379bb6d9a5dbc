import { DateTime, Float, pyFloat } from './values.ts';
import type { PyValue } from './values.ts';

/** XML in the shape in which Koji's marshaller (Python's xmlrpc.client with nil and i8) writes it. */

const INT32_MAX = 2 ** 31 - 1;

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** Koji's times as numbers are floats under this kind of name; JSON lost the difference. */
function isTimestamp(name: string): boolean {
  return name.endsWith('_ts');
}

function scalar(
  value: Exclude<PyValue, null | readonly PyValue[] | { readonly [name: string]: PyValue }>,
): string {
  if (typeof value === 'boolean') return `<boolean>${value ? 1 : 0}</boolean>`;
  if (typeof value === 'string') return `<string>${escape(value)}</string>`;
  if (value instanceof Float) return `<double>${pyFloat(value.value)}</double>`;
  if (value instanceof DateTime) return `<dateTime.iso8601>${value.text}</dateTime.iso8601>`;
  if (value instanceof Uint8Array) return `<base64>\n${Buffer.from(value).toString('base64')}\n</base64>`;
  const type = value > INT32_MAX || value < -INT32_MAX - 1 ? 'i8' : 'int';
  return `<${type}>${value}</${type}>`;
}

function valueXml(value: PyValue): string {
  if (value === null) return '<value><nil/></value>';
  if (Array.isArray(value)) {
    return `<value><array><data>\n${value.map(valueXml).join('')}</data></array></value>\n`;
  }
  if (
    typeof value !== 'object' ||
    value instanceof Float ||
    value instanceof DateTime ||
    value instanceof Uint8Array
  ) {
    return `<value>${scalar(value)}</value>\n`;
  }
  const members = Object.entries(value as Record<string, PyValue>).map(([name, member]) => {
    const typed = typeof member === 'number' && isTimestamp(name) ? new Float(member) : member;
    return `<member>\n<name>${escape(name)}</name>\n${valueXml(typed)}</member>\n`;
  });
  return `<value><struct>\n${members.join('')}</struct></value>\n`;
}

export function methodResponse(value: PyValue): string {
  return `<?xml version='1.0'?>\n<methodResponse>\n<params>\n<param>\n${valueXml(value)}</param>\n</params>\n</methodResponse>\n`;
}

export function faultResponse(faultCode: number, faultString: string): string {
  return `<?xml version='1.0'?>\n<methodResponse>\n<fault>\n${valueXml({ faultCode, faultString })}</fault>\n</methodResponse>\n`;
}
