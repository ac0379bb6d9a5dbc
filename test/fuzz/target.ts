import type { Arbitrary } from 'fast-check';
import type { ErrorCode } from '../../shared/errors.ts';

/**
 * A parser under fire. Three things must hold for each of its inputs: reading ends (within a second of
 * processor time), it throws nothing but what it documents, and it allocates no more than is stated here.
 */
export interface FuzzTarget {
  readonly name: string;
  /** How many of a thousand inputs it gets; a cheap parser gets more. */
  readonly share: number;
  open(): OpenTarget<unknown> | Promise<OpenTarget<unknown>>;
}

export interface OpenTarget<Input> {
  readonly inputs: Arbitrary<Input>;
  /** Codes of the errors that `read` may throw. */
  readonly errors: readonly ErrorCode[];
  /** Reads the input as the program does, and throws an AssertionError for an answer that is wrong. */
  read(input: Input): void | Promise<void>;
  /** Bytes that reading it may allocate in buffers, garbage included. */
  mayAllocate(input: Input): number;
  close?(): void | Promise<void>;
}

const KIB = 1024;

/** The bound of readers whose memory follows what comes: so many times the input, and something for tables. */
export function allowance(times: number, baseKib = 512): (input: { readonly bytes: Uint8Array }) => number {
  return ({ bytes }) => baseKib * KIB + times * bytes.length;
}
