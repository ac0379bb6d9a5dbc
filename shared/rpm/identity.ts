import type { RpmHeader } from './header.ts';
import type { RpmLead } from './lead.ts';
import { RpmSignatureTag, RpmTag } from './tags.ts';

/** What a package calls itself. */
export interface RpmIdentity {
  readonly name: string;
  readonly epoch: number | null;
  readonly version: string;
  readonly release: string;
  /** "src" or "nosrc" for source packages, whose header names the architecture of the machine that made them. */
  readonly arch: string;
  /** Hex md5 of header and payload; null where the package carries none (rpm 6). */
  readonly payloadHash: string | null;
}

const MD5_BYTES = 16;

/** Throws FormatError where a part of the name is missing. */
export function readRpmIdentity(lead: RpmLead, signature: RpmHeader, header: RpmHeader): RpmIdentity {
  const required = (tag: number, what: string): string => {
    const value = header.string(tag);
    if (value === null || value === '') throw header.error(`the package has no ${what}`);
    return value;
  };
  const md5 = signature.has(RpmSignatureTag.md5) ? signature.binary(RpmSignatureTag.md5) : null;
  return {
    name: required(RpmTag.name, 'name'),
    epoch: header.integer(RpmTag.epoch),
    version: required(RpmTag.version, 'version'),
    release: required(RpmTag.release, 'release'),
    arch: sourceArch(lead, header) ?? required(RpmTag.arch, 'architecture'),
    payloadHash: md5?.length === MD5_BYTES ? hex(md5) : null,
  };
}

/**
 * rpm's rule (headerIsSource), except that a package with neither tag is what its lead says: such packages
 * come from tools other than rpmbuild, or from rpm before 4.
 */
function sourceArch(lead: RpmLead, header: RpmHeader): 'src' | 'nosrc' | null {
  const isSource = header.has(RpmTag.sourcePackage) || (!header.has(RpmTag.sourceRpm) && lead.isSource);
  if (!isSource) return null;
  return header.has(RpmTag.noSource) || header.has(RpmTag.noPatch) ? 'nosrc' : 'src';
}

/**
 * Bytes of header and payload together, as the package states them; null where it does not. In packages of
 * rpm 6 the header states the payload's size alone. `headerBytes` are those of the header with its intro.
 */
export function statedBytes(signature: RpmHeader, header: RpmHeader, headerBytes: number): number | null {
  const stated = signature.integer(RpmSignatureTag.longSize) ?? signature.integer(RpmSignatureTag.size);
  if (stated !== null) return stated;
  const payload = header.integer(RpmTag.payloadSize);
  return payload === null ? null : headerBytes + payload;
}

function hex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0');
  return text;
}
