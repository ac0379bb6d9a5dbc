/**
 * The first bytes that LZMA data decodes to, of as much of it as that takes. It is here because a kernel module
 * tells its build-id in its first hundred bytes, and no library stops there: for thousands of modules the rest
 * is all of the work. Source: Igor Pavlov's LZMA specification (2015), and for names the range coder's papers.
 */

const PROBABILITY_BITS = 11;
const EVEN = 1 << (PROBABILITY_BITS - 1);
const ADAPTION_SHIFT = 5;
/** A range without bits from here on takes in another byte. */
const RANGE_TOP_SHIFT = 24;

const STATES = 12;
const FIRST_STATE_AFTER_MATCH = 7;
const POSITION_STATES = 16;
const MATCH_BYTES_MIN = 2;
const LENGTH_STATES = 4;
const SLOTS = 64;
const FIRST_SLOT_WITH_BITS = 4;
const FIRST_SLOT_WITH_EVEN_BITS = 14;
const ALIGN_BITS = 4;
const LITERAL_CODER = 0x300;

/** Where each group of probabilities lies in one array. */
const IS_MATCH = 0;
const IS_REPEAT = IS_MATCH + STATES * POSITION_STATES;
const IS_REPEAT_G0 = IS_REPEAT + STATES;
const IS_REPEAT_G1 = IS_REPEAT_G0 + STATES;
const IS_REPEAT_G2 = IS_REPEAT_G1 + STATES;
const IS_REPEAT_0_LONG = IS_REPEAT_G2 + STATES;
const SLOT = IS_REPEAT_0_LONG + STATES * POSITION_STATES;
const SPECIAL = SLOT + LENGTH_STATES * SLOTS;
const ALIGN = SPECIAL + 128;
const MATCH_LENGTH = ALIGN + (1 << ALIGN_BITS);
/** In a length coder: two choices, then trees of 3 bits for each position state, twice, and one of 8 bits. */
const LENGTH_LOW = 2;
const LENGTH_MID = LENGTH_LOW + POSITION_STATES * 8;
const LENGTH_HIGH = LENGTH_MID + POSITION_STATES * 8;
const LENGTH_CODER = LENGTH_HIGH + 256;
const REPEAT_LENGTH = MATCH_LENGTH + LENGTH_CODER;
const LITERAL = REPEAT_LENGTH + LENGTH_CODER;

const LITERAL_CONTEXT_BITS_MAX = 4;

/** All probabilities of the one decoder that runs: making an array for each costs more than the decoding. */
const probabilities = new Uint16Array(LITERAL + (LITERAL_CODER << LITERAL_CONTEXT_BITS_MAX));

/** How the data was made: the bits of context of literals, and of positions. */
export interface LzmaProperties {
  readonly literalContextBits: number;
  readonly literalPositionBits: number;
  readonly positionBits: number;
}

/** From the byte that LZMA2 has; null if it is none (LZMA2 allows four bits for both kinds of literals' context). */
export function lzmaProperties(byte: number): LzmaProperties | null {
  const literalContextBits = byte % 9;
  const rest = (byte - literalContextBits) / 9;
  const literalPositionBits = rest % 5;
  const positionBits = (rest - literalPositionBits) / 5;
  if (positionBits > 4 || literalContextBits + literalPositionBits > LITERAL_CONTEXT_BITS_MAX) return null;
  return { literalContextBits, literalPositionBits, positionBits };
}

/**
 * Decodes up to `wanted` bytes of data that starts anew, with an empty dictionary. Null if the data is bad, or
 * ends before.
 */
export function firstBytesOfLzma(
  data: Uint8Array,
  properties: LzmaProperties,
  wanted: number,
): Uint8Array | null {
  const decoder = new LzmaDecoder(data, properties, new Uint8Array(wanted));
  return decoder.run();
}

class LzmaDecoder {
  readonly #data: Uint8Array;
  readonly #properties: LzmaProperties;
  readonly #output: Uint8Array;
  #filled = 0;
  /** The range coder's first byte is zero, the next four are the code. */
  #at = 5;
  /** Range and code are unsigned; with the sign of their highest bit they stay small integers for the engine. */
  #range = -1;
  #code: number;
  #state = 0;
  /** The last four distances, less one. Fields: to take an array apart costs more than all else here. */
  #distance = 0;
  #secondDistance = 0;
  #thirdDistance = 0;
  #fourthDistance = 0;

  constructor(data: Uint8Array, properties: LzmaProperties, output: Uint8Array) {
    this.#data = data;
    this.#properties = properties;
    this.#output = output;
    const { literalContextBits, literalPositionBits } = properties;
    const literals = LITERAL_CODER << (literalContextBits + literalPositionBits);
    probabilities.fill(EVEN, 0, LITERAL + literals);
    this.#code = ((data[1] ?? 0) << 24) | ((data[2] ?? 0) << 16) | ((data[3] ?? 0) << 8) | (data[4] ?? 0);
  }

  run(): Uint8Array | null {
    if (this.#data[0] !== 0) return null;
    while (this.#filled < this.#output.length) {
      if (!this.#readSymbol() || this.#at > this.#data.length) return null;
    }
    return this.#output;
  }

  /** One literal or match. False if it refers to bytes that are not there. */
  #readSymbol(): boolean {
    const positionState = this.#filled & ((1 << this.#properties.positionBits) - 1);
    const state = this.#state;
    if (this.#bit(IS_MATCH + state * POSITION_STATES + positionState) === 0) {
      this.#readLiteral();
      return true;
    }
    let length: number;
    if (this.#bit(IS_REPEAT + state) === 0) {
      length = this.#readLength(MATCH_LENGTH, positionState);
      this.#state = state < FIRST_STATE_AFTER_MATCH ? 7 : 10;
      this.#fourthDistance = this.#thirdDistance;
      this.#thirdDistance = this.#secondDistance;
      this.#secondDistance = this.#distance;
      this.#distance = this.#readDistance(length);
    } else if (this.#isShortRepeat(positionState)) {
      length = 1;
      this.#state = state < FIRST_STATE_AFTER_MATCH ? 9 : 11;
    } else {
      length = this.#readLength(REPEAT_LENGTH, positionState);
      this.#state = state < FIRST_STATE_AFTER_MATCH ? 8 : 11;
    }
    return this.#copy(length);
  }

  /** Which of the last distances comes again, and goes to the front. True for one byte at the last. */
  #isShortRepeat(positionState: number): boolean {
    const last = this.#distance;
    if (this.#bit(IS_REPEAT_G0 + this.#state) === 0) {
      return this.#bit(IS_REPEAT_0_LONG + this.#state * POSITION_STATES + positionState) === 0;
    }
    if (this.#bit(IS_REPEAT_G1 + this.#state) === 0) {
      this.#distance = this.#secondDistance;
    } else {
      if (this.#bit(IS_REPEAT_G2 + this.#state) === 0) {
        this.#distance = this.#thirdDistance;
      } else {
        this.#distance = this.#fourthDistance;
        this.#fourthDistance = this.#thirdDistance;
      }
      this.#thirdDistance = this.#secondDistance;
    }
    this.#secondDistance = last;
    return false;
  }

  #readLiteral(): void {
    const { literalContextBits, literalPositionBits } = this.#properties;
    const before = this.#output[this.#filled - 1] ?? 0;
    const position = this.#filled & ((1 << literalPositionBits) - 1);
    const context = (position << literalContextBits) + (before >> (8 - literalContextBits));
    const base = LITERAL + LITERAL_CODER * context;
    let symbol = 1;
    if (this.#state >= FIRST_STATE_AFTER_MATCH) {
      // Behind a match the byte that would have continued it is context, as long as the bits are alike.
      let matched = this.#output[this.#filled - this.#distance - 1] ?? 0;
      let isAlike = true;
      while (symbol < 0x100 && isAlike) {
        const matchedBit = (matched >> 7) & 1;
        matched <<= 1;
        const bit = this.#bit(base + ((1 + matchedBit) << 8) + symbol);
        symbol = (symbol << 1) | bit;
        isAlike = bit === matchedBit;
      }
    }
    while (symbol < 0x100) symbol = (symbol << 1) | this.#bit(base + symbol);
    this.#output[this.#filled++] = symbol & 0xff;
    this.#state = this.#state < 4 ? 0 : this.#state < 10 ? this.#state - 3 : this.#state - 6;
  }

  #readLength(coder: number, positionState: number): number {
    if (this.#bit(coder) === 0) {
      return MATCH_BYTES_MIN + this.#tree(coder + LENGTH_LOW + positionState * 8, 3);
    }
    if (this.#bit(coder + 1) === 0) {
      return MATCH_BYTES_MIN + 8 + this.#tree(coder + LENGTH_MID + positionState * 8, 3);
    }
    return MATCH_BYTES_MIN + 16 + this.#tree(coder + LENGTH_HIGH, 8);
  }

  #readDistance(length: number): number {
    const lengthState = Math.min(length - MATCH_BYTES_MIN, LENGTH_STATES - 1);
    const slot = this.#tree(SLOT + lengthState * SLOTS, 6);
    if (slot < FIRST_SLOT_WITH_BITS) return slot;
    const bits = (slot >> 1) - 1;
    const base = ((2 | (slot & 1)) << bits) >>> 0;
    if (slot < FIRST_SLOT_WITH_EVEN_BITS) return base + this.#reverseTree(SPECIAL + base - slot, bits);
    const high = this.#evenBits(bits - ALIGN_BITS) * (1 << ALIGN_BITS);
    return base + high + this.#reverseTree(ALIGN, ALIGN_BITS);
  }

  #copy(length: number): boolean {
    const distance = this.#distance + 1;
    if (distance > this.#filled) return false;
    const end = Math.min(this.#filled + length, this.#output.length);
    for (; this.#filled < end; this.#filled++) {
      this.#output[this.#filled] = this.#output[this.#filled - distance] ?? 0;
    }
    return true;
  }

  #tree(base: number, bits: number): number {
    let symbol = 1;
    for (let i = 0; i < bits; i++) symbol = (symbol << 1) | this.#bit(base + symbol);
    return symbol - (1 << bits);
  }

  #reverseTree(base: number, bits: number): number {
    let node = 1;
    let value = 0;
    for (let i = 0; i < bits; i++) {
      const bit = this.#bit(base + node);
      node = (node << 1) | bit;
      value |= bit << i;
    }
    return value;
  }

  #bit(index: number): 0 | 1 {
    const probability = probabilities[index] ?? EVEN;
    const bound = Math.imul(this.#range >>> PROBABILITY_BITS, probability);
    const bit = this.#code >>> 0 < bound >>> 0 ? 0 : 1;
    if (bit === 0) {
      this.#range = bound;
      probabilities[index] = probability + (((1 << PROBABILITY_BITS) - probability) >> ADAPTION_SHIFT);
    } else {
      this.#range = (this.#range - bound) | 0;
      this.#code = (this.#code - bound) | 0;
      probabilities[index] = probability - (probability >> ADAPTION_SHIFT);
    }
    this.#normalize();
    return bit;
  }

  #evenBits(bits: number): number {
    let value = 0;
    for (let i = 0; i < bits; i++) {
      this.#range >>>= 1;
      const isSet = this.#code >>> 0 >= this.#range >>> 0;
      if (isSet) this.#code = (this.#code - this.#range) | 0;
      value = value * 2 + (isSet ? 1 : 0);
      this.#normalize();
    }
    return value;
  }

  #normalize(): void {
    if (this.#range >>> RANGE_TOP_SHIFT !== 0) return;
    this.#range <<= 8;
    this.#code = (this.#code << 8) | (this.#data[this.#at++] ?? 0);
  }
}
