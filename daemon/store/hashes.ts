/** As bytes if it is hex, which it nearly always is; a hub may say anything. */
export function encodeHash(hash: string): Buffer | string {
  return /^(?:[0-9a-f]{2})+$/.test(hash) ? Buffer.from(hash, 'hex') : hash;
}

export function decodeHash(stored: Buffer | string): string {
  return Buffer.isBuffer(stored) ? stored.toString('hex') : stored;
}

/** As decodeHash, in SQL, for rows that every answer needs: a Buffer would be a fifth of what such a row costs. */
export function hashInSql(column: string): string {
  return `iif(typeof(${column}) = 'blob', lower(hex(${column})), ${column})`;
}
