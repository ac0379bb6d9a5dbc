import type { FileKind } from '../../shared/elf/kind.ts';

export interface LikelyKind {
  readonly kind: FileKind;
  /** False if name and class leave it open, so that `kind` is the likelier one. */
  readonly isKindSure: boolean;
}

/**
 * What lies below /usr/lib/debug as it was linked: kernels, their modules (Debian's; others have a suffix), images of
 * the vDSO, Xen's hypervisors.
 */
const WHOLE_PROGRAM = /\/(?:vmlinux(?:-[^/]*)?|[^/]+-syms(?:-[^/]*)?|vdso\/[^/]+\.so|lib\/modules\/.+\.ko)$/;

/** Where a debuginfo file without a suffix lies at the path of its library (debhelper did so until 2015). */
const TREE_OF_INSTALLED = /^\/usr\/lib\/debug\/(?:usr|lib|lib64|opt)\//;

/**
 * The kind of an ELF file, by its name and what libmagic said of it. Separate debuginfo files lie below
 * /usr/lib/debug and have a suffix, or are dwz's common parts. Other files there may be whole programs, and the class
 * of a program reads like that of its debuginfo file.
 */
export function kindByHeader(path: string, isExecutable: boolean, classText: string): LikelyKind {
  const isNamedDebug = path.endsWith('.debug');
  if (!path.startsWith('/usr/lib/debug/')) {
    if (isNamedDebug) return { kind: 'debuginfo', isKindSure: false };
    return { kind: 'executable', isKindSure: !classText.includes('interpreter *empty*') };
  }
  const isDebuginfo = isNamedDebug || path.includes('/.dwz/') || classText.includes('interpreter *empty*');
  if (isDebuginfo) return { kind: 'debuginfo', isKindSure: true };
  if (WHOLE_PROGRAM.test(path)) return { kind: 'executable', isKindSure: true };
  const isDebuginfoOfLibrary =
    TREE_OF_INSTALLED.test(path) && classText.includes(' shared object,') && !isExecutable;
  return isDebuginfoOfLibrary
    ? { kind: 'debuginfo', isKindSure: true }
    : { kind: 'executable', isKindSure: false };
}
