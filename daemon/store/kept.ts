const KEPT = new Set<object>();

/**
 * Keeps an object of better-sqlite3's, and what refers to it, as long as the process lives. Node 24.19 and
 * later end the program when one is garbage collected (nodejs/node#65446; better-sqlite3 13 is free of it,
 * and does not run on Node 20). They are few: the statements of a database are prepared once.
 */
export function kept<T extends object>(value: T): T {
  KEPT.add(value);
  return value;
}
