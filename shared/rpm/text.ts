/**
 * Text of RPM headers and cpio names. rpm stores bytes: UTF-8 in today's packages, and whatever the
 * packager's locale was in older ones.
 *
 * Bytes that are valid UTF-8 are read as UTF-8, all others as Latin-1, one character a byte: nothing is
 * replaced by U+FFFD, and bytes that are not UTF-8 come back as they were by writing Latin-1. Two names
 * in one package could become the same text (C3 A9 and E9 are both "é"), so that names are compared as
 * bytes (`binaryString`) and shown as text.
 */
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** String.fromCharCode takes its characters as arguments, of which there may not be too many. */
const PIECE = 4096;

export function decodeRpmText(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    return binaryString(bytes);
  }
}

export function isAscii(bytes: Uint8Array): boolean {
  for (const byte of bytes) if (byte >= 0x80) return false;
  return true;
}

/** One character of 0 to 255 for each byte: bytes in a form that can be compared and be a key. */
export function binaryString(bytes: Uint8Array): string {
  if (bytes.length <= PIECE) return fromCharCodes(bytes);
  let text = '';
  for (let at = 0; at < bytes.length; at += PIECE) text += fromCharCodes(bytes.subarray(at, at + PIECE));
  return text;
}

/** Spreading the bytes instead takes ten times as long, and every name of every package comes by here. */
function fromCharCodes(bytes: Uint8Array): string {
  return Reflect.apply(String.fromCharCode, null, bytes) as string;
}
