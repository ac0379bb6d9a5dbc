/** A part of a run: some inputs for one target, all of which follow from the seed. */
export interface Part {
  readonly target: string;
  readonly seed: number;
  readonly runs: number;
  /** Where in the seed's inputs to begin, as a failure named it; undefined for the first. */
  readonly path?: string | undefined;
}

export interface Failure {
  readonly part: Part;
  /** Leads to the input, for `FUZZ_PATH`. */
  readonly path: string;
  readonly message: string;
}

/** What a child says of a part. */
export interface PartOutcome {
  readonly ran: number;
  readonly failure: Failure | null;
  /** Bytes that the child has had in memory at most so far. */
  readonly peakBytes: number;
}

/** The child's descriptor of the file in which it counts its inputs, so that one that hangs can be told of. */
export const COUNT_DESCRIPTOR = 4;
