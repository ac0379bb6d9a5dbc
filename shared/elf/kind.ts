/** debuginfod's two kinds of ELF file: what runs, and what only a debugger reads. */
export type FileKind = 'executable' | 'debuginfo';
