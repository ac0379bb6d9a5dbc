/**
 * What is decoded lies here; the caller puts it there. Decoders may read some bytes further, as zstd's and LZMA's
 * fields tell only afterwards that they ended too late; what they read there never comes to a result.
 */
export const INPUT_BYTES_MAX: i32 = 128 * 1024;
export const input: usize = memory.data(INPUT_BYTES_MAX, 16);

/** What comes out, until the next call. */
export const OUTPUT_BYTES_MAX: i32 = 64 * 1024;
export const output: usize = memory.data(OUTPUT_BYTES_MAX, 16);
