/**
 * The decoders proper, for WebAssembly: in AssemblyScript, which is TypeScript with the machine's numbers. A package
 * has thousands of modules and of each a hundred bytes are wanted: what JavaScript's engine spends until such code is
 * compiled was more than all the rest.
 */
export { decodeLzma } from './lzma';
export { input, INPUT_BYTES_MAX, output, OUTPUT_BYTES_MAX } from './memory';
export { decodeZstdBlock } from './zstd';
