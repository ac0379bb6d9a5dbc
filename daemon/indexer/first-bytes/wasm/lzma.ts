import { input, INPUT_BYTES_MAX, output, OUTPUT_BYTES_MAX } from './memory';

/** Source: Igor Pavlov's LZMA specification (2015), and for names the range coder's papers. */

const PROBABILITY_BITS: i32 = 11;
const ADAPTION_SHIFT: i32 = 5;
/** Four probabilities of one half. */
const EVEN: u64 = 0x0400_0400_0400_0400;
/** A range without bits from here on takes in another byte. */
const RANGE_TOP_SHIFT: i32 = 24;

const STATES: i32 = 12;
const FIRST_STATE_AFTER_MATCH: i32 = 7;
const POSITION_STATES: i32 = 16;
const MATCH_BYTES_MIN: i32 = 2;
const LENGTH_STATES: i32 = 4;
const SLOTS: i32 = 64;
const FIRST_SLOT_WITH_BITS: i32 = 4;
const FIRST_SLOT_WITH_EVEN_BITS: i32 = 14;
const ALIGN_BITS: i32 = 4;
const LITERAL_CODER: i32 = 0x300;
/** LZMA2 allows so many for both kinds of context together. */
const LITERAL_CONTEXT_BITS_MAX: i32 = 4;

/** Where each group of probabilities lies among all of them. */
const IS_MATCH: i32 = 0;
const IS_REPEAT: i32 = IS_MATCH + STATES * POSITION_STATES;
const IS_REPEAT_G0: i32 = IS_REPEAT + STATES;
const IS_REPEAT_G1: i32 = IS_REPEAT_G0 + STATES;
const IS_REPEAT_G2: i32 = IS_REPEAT_G1 + STATES;
const IS_REPEAT_0_LONG: i32 = IS_REPEAT_G2 + STATES;
const SLOT: i32 = IS_REPEAT_0_LONG + STATES * POSITION_STATES;
const SPECIAL: i32 = SLOT + LENGTH_STATES * SLOTS;
const ALIGN: i32 = SPECIAL + 128;
const MATCH_LENGTH: i32 = ALIGN + (1 << ALIGN_BITS);
/** In a length coder: two choices, then trees of 3 bits for each position state, twice, and one of 8 bits. */
const LENGTH_LOW: i32 = 2;
const LENGTH_MID: i32 = LENGTH_LOW + POSITION_STATES * 8;
const LENGTH_HIGH: i32 = LENGTH_MID + POSITION_STATES * 8;
const LENGTH_CODER: i32 = LENGTH_HIGH + 256;
const REPEAT_LENGTH: i32 = MATCH_LENGTH + LENGTH_CODER;
const LITERAL: i32 = REPEAT_LENGTH + LENGTH_CODER;

/** Of 16 bits each. */
const probabilities: usize = heap.alloc((LITERAL + (LITERAL_CODER << LITERAL_CONTEXT_BITS_MAX)) * 2);

let inputAt: usize = 0;
let range: u32 = 0;
let code: u32 = 0;
let filled: i32 = 0;
let wantedBytes: i32 = 0;
let state: i32 = 0;
/** The last four distances, less one. */
let distance: u32 = 0;
let secondDistance: u32 = 0;
let thirdDistance: u32 = 0;
let fourthDistance: u32 = 0;

/**
 * Decodes `wanted` bytes of LZMA data that starts anew, with an empty dictionary, and lies in the input with `size`
 * bytes; `properties` is the byte that says how it was made. Returns `wanted`; -1 if the data is bad, or ends before.
 */
export function decodeLzma(size: i32, wanted: i32, properties: i32): i32 {
  const literalContextBits = properties % 9;
  const literalPositionBits = (properties / 9) % 5;
  const positionBits = properties / 45;
  if (positionBits > 4 || literalContextBits + literalPositionBits > LITERAL_CONTEXT_BITS_MAX) return -1;
  if (size > INPUT_BYTES_MAX || wanted > OUTPUT_BYTES_MAX) return -1;
  if (size == 0 || load<u8>(input) != 0) return -1;
  reset(LITERAL + (LITERAL_CODER << (literalContextBits + literalPositionBits)));
  wantedBytes = wanted;
  const inputEnd = input + size;
  const positionMask = (1 << positionBits) - 1;
  while (filled < wanted) {
    const positionState = filled & positionMask;
    if (bit(IS_MATCH + state * POSITION_STATES + positionState) == 0) {
      readLiteral(literalContextBits, literalPositionBits);
    } else if (!readMatch(positionState)) {
      return -1;
    }
    if (inputAt > inputEnd) return -1;
  }
  return wanted;
}

function reset(count: i32): void {
  store<u64>(probabilities, EVEN);
  for (let done = 8; done < count * 2; done *= 2) {
    memory.copy(probabilities + done, probabilities, min(done, count * 2 - done));
  }
  // The range coder's first byte is zero, the next four are the code.
  code = bswap(load<u32>(input + 1));
  inputAt = input + 5;
  range = 0xffff_ffff;
  filled = 0;
  state = 0;
  distance = 0;
  secondDistance = 0;
  thirdDistance = 0;
  fourthDistance = 0;
}

/** False if it refers to bytes that are not there. */
function readMatch(positionState: i32): bool {
  const before = state;
  let length: i32;
  if (bit(IS_REPEAT + before) == 0) {
    length = readLength(MATCH_LENGTH, positionState);
    state = before < FIRST_STATE_AFTER_MATCH ? 7 : 10;
    fourthDistance = thirdDistance;
    thirdDistance = secondDistance;
    secondDistance = distance;
    distance = readDistance(length);
  } else if (isShortRepeat(positionState)) {
    length = 1;
    state = before < FIRST_STATE_AFTER_MATCH ? 9 : 11;
  } else {
    length = readLength(REPEAT_LENGTH, positionState);
    state = before < FIRST_STATE_AFTER_MATCH ? 8 : 11;
  }
  return copy(length);
}

/** Which of the last distances comes again, and goes to the front. True for one byte at the last. */
function isShortRepeat(positionState: i32): bool {
  const last = distance;
  if (bit(IS_REPEAT_G0 + state) == 0) {
    return bit(IS_REPEAT_0_LONG + state * POSITION_STATES + positionState) == 0;
  }
  if (bit(IS_REPEAT_G1 + state) == 0) {
    distance = secondDistance;
  } else {
    if (bit(IS_REPEAT_G2 + state) == 0) {
      distance = thirdDistance;
    } else {
      distance = fourthDistance;
      fourthDistance = thirdDistance;
    }
    thirdDistance = secondDistance;
  }
  secondDistance = last;
  return false;
}

function readLiteral(contextBits: i32, positionBits: i32): void {
  const before: i32 = filled > 0 ? load<u8>(output + filled - 1) : 0;
  const position = filled & ((1 << positionBits) - 1);
  const context = (position << contextBits) + (before >> (8 - contextBits));
  const base = LITERAL + LITERAL_CODER * context;
  let symbol = 1;
  if (state >= FIRST_STATE_AFTER_MATCH) {
    // Behind a match the byte that would have continued it is context, as long as the bits are alike.
    let matched: i32 = load<u8>(output + filled - distance - 1);
    let isAlike = true;
    while (symbol < 0x100 && isAlike) {
      const matchedBit = (matched >> 7) & 1;
      matched <<= 1;
      const read = bit(base + ((1 + matchedBit) << 8) + symbol);
      symbol = (symbol << 1) | read;
      isAlike = read == matchedBit;
    }
  }
  while (symbol < 0x100) symbol = (symbol << 1) | bit(base + symbol);
  store<u8>(output + filled++, symbol);
  state = state < 4 ? 0 : state < 10 ? state - 3 : state - 6;
}

function readLength(coder: i32, positionState: i32): i32 {
  if (bit(coder) == 0) return MATCH_BYTES_MIN + tree(coder + LENGTH_LOW + positionState * 8, 3);
  if (bit(coder + 1) == 0) return MATCH_BYTES_MIN + 8 + tree(coder + LENGTH_MID + positionState * 8, 3);
  return MATCH_BYTES_MIN + 16 + tree(coder + LENGTH_HIGH, 8);
}

function readDistance(length: i32): u32 {
  const lengthState = min(length - MATCH_BYTES_MIN, LENGTH_STATES - 1);
  const slot = tree(SLOT + lengthState * SLOTS, 6);
  if (slot < FIRST_SLOT_WITH_BITS) return slot;
  const bits = (slot >> 1) - 1;
  const base = (2 | (slot & 1)) << bits;
  if (slot < FIRST_SLOT_WITH_EVEN_BITS) return base + reverseTree(SPECIAL + base - slot, bits);
  const high = evenBits(bits - ALIGN_BITS) << ALIGN_BITS;
  return base + high + reverseTree(ALIGN, ALIGN_BITS);
}

function copy(length: i32): bool {
  if (distance >= <u32>filled) return false;
  const end = min(filled + length, wantedBytes);
  for (; filled < end; filled++) {
    store<u8>(output + filled, load<u8>(output + filled - distance - 1));
  }
  return true;
}

function tree(base: i32, bits: i32): i32 {
  let symbol = 1;
  for (let i = 0; i < bits; i++) symbol = (symbol << 1) | bit(base + symbol);
  return symbol - (1 << bits);
}

function reverseTree(base: i32, bits: i32): u32 {
  let node = 1;
  let value: u32 = 0;
  for (let i = 0; i < bits; i++) {
    const read = bit(base + node);
    node = (node << 1) | read;
    value |= read << i;
  }
  return value;
}

function bit(index: i32): i32 {
  const at = probabilities + (index << 1);
  const probability: u32 = load<u16>(at);
  const bound = (range >> PROBABILITY_BITS) * probability;
  const isSet = code >= bound;
  if (isSet) {
    range -= bound;
    code -= bound;
    store<u16>(at, probability - (probability >> ADAPTION_SHIFT));
  } else {
    range = bound;
    store<u16>(at, probability + (((1 << PROBABILITY_BITS) - probability) >> ADAPTION_SHIFT));
  }
  normalize();
  return i32(isSet);
}

function evenBits(bits: i32): u32 {
  let value: u32 = 0;
  for (let i = 0; i < bits; i++) {
    range >>= 1;
    const isSet = code >= range;
    if (isSet) code -= range;
    value = (value << 1) | u32(isSet);
    normalize();
  }
  return value;
}

function normalize(): void {
  if (range >> RANGE_TOP_SHIFT != 0) return;
  range <<= 8;
  code = (code << 8) | load<u8>(inputAt++);
}
