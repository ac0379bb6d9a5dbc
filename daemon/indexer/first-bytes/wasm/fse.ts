import { BackwardBits, ForwardBits } from './bits';

/** No table of zstd has more states, and no alphabet that a table is described for more symbols. */
const STATES_MAX: i32 = 1 << 9;
const SYMBOLS_MAX: i32 = 53;

/** How often each symbol occurs in the table that is being made: -1 stands for "less than once". */
const counts: usize = memory.data(SYMBOLS_MAX * 2, 2);
/** For each symbol the number of its next state. */
const next: usize = memory.data(SYMBOLS_MAX * 2, 2);

const description = new ForwardBits();

/**
 * A table of zstd's finite state entropy (RFC 8878, section 4.1): each state stands for a symbol, and tells how to
 * get to the next one. It is filled anew for each use: for a few symbols of each of thousands of files, making a
 * table costs more than filling it.
 */
export class FseTable {
  accuracyLog: i32 = 0;
  /** By state: its symbol, from bit 8 on the bits to take for the next state, and from bit 16 on what to add to them. */
  private states: usize = heap.alloc(STATES_MAX * 4);

  /** Of one symbol, which takes no bits. */
  fillWithOne(symbol: i32): void {
    this.accuracyLog = 0;
    store<u32>(this.states, symbol);
  }

  /** The i16 from `given` on sum up to two to the power of `accuracyLog`, where -1 counts as 1. */
  fillByCounts(given: usize, symbols: i32, accuracyLog: i32): void {
    memory.copy(counts, given, symbols * 2);
    this.fill(symbols, accuracyLog);
  }

  /**
   * As described from `start` on (RFC 8878, section 4.1.1). Returns where the description ends; 0 if it breaks the
   * format, or asks for more than `accuracyLogMax` and `symbolsMax`.
   */
  fillAsDescribed(start: usize, end: usize, accuracyLogMax: i32, symbolsMax: i32): usize {
    const bits = description;
    bits.open(start);
    const accuracyLog = bits.take(4) + 5;
    if (accuracyLog > accuracyLogMax) return 0;
    let symbols = 0;
    let remaining = 1 << accuracyLog;
    while (remaining > 0 && symbols < symbolsMax) {
      const count = bits.takeUpTo(remaining + 1) - 1;
      remaining -= count < 0 ? 1 : count;
      store<i16>(counts + (symbols++ << 1), count);
      // Of symbols that do not occur, two bits say how many more follow, and three go on.
      for (let repeat = count == 0 ? 3 : 0; repeat == 3;) {
        repeat = bits.take(2);
        if (symbols + repeat > symbolsMax) return 0;
        for (let i = 0; i < repeat; i++) store<i16>(counts + (symbols++ << 1), 0);
      }
    }
    if (remaining != 0 || bits.end > end) return 0;
    this.fill(symbols, accuracyLog);
    return bits.end;
  }

  /** The state that the bits begin with. */
  begin(bits: BackwardBits): u32 {
    return this.at(bits.take(this.accuracyLog));
  }

  /** The one behind `state`. */
  advance(state: u32, bits: BackwardBits): u32 {
    return this.at((state >> 16) + bits.take((state >> 8) & 0xff));
  }

  private at(state: u32): u32 {
    return load<u32>(this.states + (state << 2));
  }

  private fill(symbols: i32, accuracyLog: i32): void {
    const states = this.states;
    const size = 1 << accuracyLog;
    this.accuracyLog = accuracyLog;
    let high = size - 1;
    for (let symbol = 0; symbol < symbols; symbol++) {
      const count: i32 = load<i16>(counts + (symbol << 1));
      store<u16>(next + (symbol << 1), count == -1 ? 1 : count);
      if (count == -1) store<u32>(states + (high-- << 2), symbol);
    }
    const step = (size >> 1) + (size >> 3) + 3;
    let position = 0;
    for (let symbol = 0; symbol < symbols; symbol++) {
      for (let left: i32 = load<i16>(counts + (symbol << 1)); left > 0; left--) {
        store<u32>(states + (position << 2), symbol);
        do position = (position + step) & (size - 1);
        while (position > high);
      }
    }
    for (let state = 0; state < size; state++) {
      const symbol: i32 = load<i32>(states + (state << 2));
      const at: i32 = load<u16>(next + (symbol << 1));
      store<u16>(next + (symbol << 1), at + 1);
      const taken = accuracyLog - (31 - clz(at));
      store<i32>(states + (state << 2), symbol | (taken << 8) | (((at << taken) - size) << 16));
    }
  }
}
