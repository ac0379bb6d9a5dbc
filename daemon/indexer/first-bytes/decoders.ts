import { readFileSync } from 'node:fs';

/** The part of WebAssembly's interface that is used: its types come with those of browsers only. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
};

interface WasmNumber {
  readonly value: number;
}

/** What ./wasm exports. */
interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer };
  readonly input: WasmNumber;
  readonly INPUT_BYTES_MAX: WasmNumber;
  readonly output: WasmNumber;
  readonly OUTPUT_BYTES_MAX: WasmNumber;
  decodeZstdBlock(size: number, wanted: number): number;
  decodeLzma(size: number, wanted: number, properties: number): number;
}

class Decoders {
  readonly #exports: Exports;
  readonly #input: Uint8Array;
  readonly #output: Uint8Array;

  /** Of the file that `make build` puts beside this one, here and in dist. */
  constructor() {
    const module = new WebAssembly.Module(readFileSync(new URL('./decoders.wasm', import.meta.url)));
    const exports = new WebAssembly.Instance(module).exports as Exports;
    const { buffer } = exports.memory;
    this.#exports = exports;
    this.#input = new Uint8Array(buffer, exports.input.value, exports.INPUT_BYTES_MAX.value);
    this.#output = new Uint8Array(buffer, exports.output.value, exports.OUTPUT_BYTES_MAX.value);
  }

  zstdBlock(block: Uint8Array, wanted: number): Uint8Array | null {
    if (block.length > this.#input.length || wanted > this.#output.length) return null;
    this.#input.set(block);
    return this.#decoded(this.#exports.decodeZstdBlock(block.length, wanted));
  }

  lzma(data: Uint8Array, wanted: number, properties: number): Uint8Array | null {
    if (data.length > this.#input.length || wanted > this.#output.length) return null;
    this.#input.set(data);
    return this.#decoded(this.#exports.decodeLzma(data.length, wanted, properties));
  }

  #decoded(bytes: number): Uint8Array | null {
    return bytes < 0 ? null : this.#output.subarray(0, bytes);
  }
}

let decoders: Decoders | null = null;

/**
 * Up to `wanted` bytes of a zstd frame's first block, which is compressed; fewer if it holds no more. Null for bad
 * data, and for more than the decoders have room for: 128 KiB to decode, 64 KiB decoded. Lent until the next call.
 */
export function decodeZstdBlock(block: Uint8Array, wanted: number): Uint8Array | null {
  decoders ??= new Decoders();
  return decoders.zstdBlock(block, wanted);
}

/**
 * `wanted` bytes of LZMA data that starts anew, whose properties are in the given byte. Null if it is bad or ends
 * before, and for more than the decoders have room for: 128 KiB to decode, 64 KiB decoded. Lent until the next call.
 */
export function decodeLzma(data: Uint8Array, wanted: number, properties: number): Uint8Array | null {
  decoders ??= new Decoders();
  return decoders.lzma(data, wanted, properties);
}
