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

  /**
   * Up to `wanted` bytes of a zstd frame's first block, which is compressed; fewer if it holds no more. Null for bad
   * data, and for more than there is room for: 128 KiB to decode, 64 KiB decoded. Lent until the next call.
   */
  zstdBlock(block: Uint8Array, wanted: number): Uint8Array | null {
    if (!this.#put(block, wanted)) return null;
    return this.#decoded(this.#exports.decodeZstdBlock(block.length, wanted));
  }

  /**
   * `wanted` bytes of LZMA data that starts anew, whose properties are in the given byte. Null if it is bad or ends
   * before, and for more than there is room for, as above. Lent until the next call.
   */
  lzma(data: Uint8Array, wanted: number, properties: number): Uint8Array | null {
    if (!this.#put(data, wanted)) return null;
    return this.#decoded(this.#exports.decodeLzma(data.length, wanted, properties));
  }

  /** False for more than there is room for. */
  #put(data: Uint8Array, wanted: number): boolean {
    if (data.length > this.#input.length || wanted > this.#output.length) return false;
    this.#input.set(data);
    return true;
  }

  #decoded(bytes: number): Uint8Array | null {
    return bytes < 0 ? null : this.#output.subarray(0, bytes);
  }
}

let made: Decoders | null = null;

/** Made for the first module: most packages have none. */
export function decoders(): Decoders {
  made ??= new Decoders();
  return made;
}
