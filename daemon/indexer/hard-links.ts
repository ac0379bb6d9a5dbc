import type { CpioHeader } from '../../shared/cpio/header.ts';
import type { RpmFileList } from '../../shared/rpm/files.ts';

interface LinkSet {
  /** Index of the file whose entry had the data; null while there was none. */
  dataIndex: number | null;
  /** Indexes of the files whose entries had none. */
  readonly empty: number[];
}

/**
 * Which files of a payload are one file. Of hard links only one has the data: in newc payloads rpm gives
 * it to the last entry of the set, but cpio allows any, and each entry names its inode; in the stripped
 * form entries name nothing, and the header's inodes tell the sets.
 */
export class HardLinks {
  readonly #files: RpmFileList;
  readonly #sets = new Map<string, LinkSet>();
  #inodes: ReadonlyMap<string, { last: number; count: number }> | null = null;

  constructor(files: RpmFileList) {
    this.#files = files;
  }

  /**
   * Takes note of an entry that has `size` bytes of data, and tells the files whose data is known once
   * this entry has been read: itself, and those that waited for it. None if it waits for another.
   */
  entry(header: CpioHeader, index: number, size: number): readonly number[] {
    if (!this.isLinked(header, index)) return [index];
    const key = this.#setKey(header, index);
    const set = this.#sets.get(key) ?? { dataIndex: null, empty: [] };
    this.#sets.set(key, set);
    if (size > 0) {
      // Those that waited are told of once: a payload may give each of a million links data of its own.
      if (set.dataIndex !== null) return [index];
      set.dataIndex = index;
      return [index, ...set.empty];
    }
    set.empty.push(index);
    return set.dataIndex === null ? [] : [index];
  }

  isLinked(header: CpioHeader, index: number): boolean {
    if (!this.#files.isRegular(index)) return false;
    if (header.form === 'newc') return header.linkCount > 1;
    return (this.#inodeOf(index)?.count ?? 1) > 1;
  }

  /** rpm writes the data of hard links in the stripped form with the last of them that the header lists. */
  hasDataInStripped(index: number): boolean {
    return (this.#inodeOf(index)?.last ?? index) === index;
  }

  /** For each file whose data another entry had, that entry's index. */
  *linked(): Generator<{ readonly index: number; readonly dataIndex: number }> {
    for (const { dataIndex, empty } of this.#sets.values()) {
      if (dataIndex === null) continue;
      for (const index of empty) yield { index, dataIndex };
    }
  }

  #setKey(header: CpioHeader, index: number): string {
    // Inodes of 64 bits were cut to 32 once, so that unrelated files could share one; sizes tell most apart.
    const inode = header.form === 'newc' ? header.inodeKey : (this.#files.inodeKey(index) ?? '');
    return `${inode}/${this.#files.size(index)}`;
  }

  #inodeOf(index: number): { last: number; count: number } | undefined {
    const key = this.#files.inodeKey(index);
    this.#inodes ??= this.#countInodes();
    return key === null ? undefined : this.#inodes.get(key);
  }

  #countInodes(): ReadonlyMap<string, { last: number; count: number }> {
    const inodes = new Map<string, { last: number; count: number }>();
    for (let index = 0; index < this.#files.count; index++) {
      const key = this.#files.inodeKey(index);
      if (key === null || !this.#files.isRegular(index) || this.#files.isGhost(index)) continue;
      inodes.set(key, { last: index, count: (inodes.get(key)?.count ?? 0) + 1 });
    }
    return inodes;
  }
}
