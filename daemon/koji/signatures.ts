import * as z from 'zod';
import { DarkserverError } from '../../shared/errors.ts';
import type { KojiRpmId } from '../../shared/koji.ts';
import type { Call, XmlRpcValue } from './codec.ts';
import { decode, kojiRpmId, segment } from './fields.ts';
import type { KojiSignature } from './hub.ts';

/**
 * Signatures of RPMs, as Koji knows them (queryRPMSigs). That there is a signed copy in the file store they do
 * not say.
 */

/** Keys of one RPM that are asked about: the file store is asked for a copy of each. */
const MAX_KEYS = 16;

/** A row for each RPM has the empty key: it is of the header that the RPM was imported with, unsigned. */
const sigkey = z.union([z.literal(''), segment]).transform((key) => key.toLowerCase());

const signature = z
  .object({ rpm_id: kojiRpmId, sigkey })
  .transform((row): KojiSignature => ({ kojiRpmId: row.rpm_id, sigkey: row.sigkey }));

/** The method takes one RPM at a time. There are many of these, and a keyword would double their XML. */
export function signaturesCall(of: KojiRpmId): Call {
  return { method: 'queryRPMSigs', params: [of] };
}

/** Of all RPMs, those with the largest ids: Koji does not tell when an RPM was signed. */
export function newestSignaturesCall(limit: number): Call {
  return { method: 'queryRPMSigs', params: [], keywords: { queryOpts: { order: '-rpm_id', limit } } };
}

/** The keys of one RPM, in Koji's order. */
export function decodeSignatures(value: XmlRpcValue, of: KojiRpmId, what: string): string[] {
  const rows = decode(z.array(signature), value, what);
  const stray = rows.find((row) => row.kojiRpmId !== of);
  if (stray !== undefined) {
    const message = `a signature is of RPM ${stray.kojiRpmId}, those of ${of} were asked for`;
    throw new DarkserverError('hub_protocol', `${what}: ${message}`);
  }
  return rows.map((row) => row.sigkey);
}

export function decodeNewestSignatures(value: XmlRpcValue, limit: number, what: string): KojiSignature[] {
  const rows = decode(z.array(signature), value, what);
  if (rows.length <= limit) return rows;
  throw new DarkserverError('hub_protocol', `${what}: more than ${limit} rows`);
}

/** Those of the keys that count, best first: all of them in Koji's order where `preferred` names none. */
export function keysThatCount(keys: readonly string[], preferred: readonly string[]): string[] {
  const signing = keys.filter((key) => key !== '');
  if (preferred.length === 0) return [...new Set(signing)].slice(0, MAX_KEYS);
  const inOrder = preferred.flatMap((wanted) => signing.filter((key) => isSameKey(key, wanted)));
  return [...new Set(inOrder)].slice(0, MAX_KEYS);
}

/** Koji keeps the last 8 digits of an id, people know keys by 8 or 16. */
function isSameKey(key: string, wanted: string): boolean {
  return key !== '' && (wanted.endsWith(key) || key.endsWith(wanted));
}
