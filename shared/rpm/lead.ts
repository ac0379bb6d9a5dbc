import { ByteReader } from '../bytes.ts';

/** Bytes of the lead, the first thing in an RPM file. */
export const RPM_LEAD_BYTES = 96;

const MAGIC = 0xedabeedb;
/** The only kind of signature since rpm 3: a header structure. */
const SIGNATURE_IS_HEADER = 5;

export interface RpmLead {
  /** 3 for packages of rpm 3 and 4, 4 for those of rpm 6. */
  readonly major: number;
  readonly isSource: boolean;
}

/**
 * Reads the lead. All but the magic has been repeated in the header since rpm 2, and rpm itself reads no
 * more of it; the kind is wanted for source packages from before the tag that says so.
 * Throws FormatError for what is no RPM, and for packages of rpm 2 and older.
 */
export function parseRpmLead(bytes: Uint8Array): RpmLead {
  const reader = new ByteReader(bytes, 'RPM lead', { littleEndian: false });
  const magic = reader.u32(0);
  if (magic !== MAGIC) {
    const found = magic.toString(16).padStart(8, '0');
    throw reader.error(0, `this is no RPM: it starts with ${found}, not edabeedb`);
  }
  const major = reader.u8(4);
  if (major < 3) throw reader.error(4, `packages of format ${major} (rpm 2 and older) are not read`);
  const signatureType = reader.u16(78);
  if (signatureType !== SIGNATURE_IS_HEADER) {
    throw reader.error(78, `signature type ${signatureType} is not read, only a signature header (5)`);
  }
  return { major, isSource: reader.u16(6) === 1 };
}
