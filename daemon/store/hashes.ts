/** As bytes if it is hex, which it nearly always is; a hub may say anything. */
export function encodeHash(hash: string): Buffer | string {
  return /^(?:[0-9a-f]{2})+$/.test(hash) ? Buffer.from(hash, 'hex') : hash;
}

export function decodeHash(stored: Buffer | string): string {
  return Buffer.isBuffer(stored) ? stored.toString('hex') : stored;
}
