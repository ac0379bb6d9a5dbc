import { createHash } from 'node:crypto';
import { directoryOf } from './changes.ts';
import type { KojiData, RpmRow } from './koji-data.ts';
import type { PublishedFiles } from './published-files.ts';

/** What becomes of signatures in a Koji: it learns of them, writes copies that carry them, removes copies. */
export class KojiSigning {
  readonly #data: KojiData;
  readonly #files: PublishedFiles;

  constructor(data: KojiData, files: PublishedFiles) {
    this.#data = data;
    this.#files = files;
  }

  /** addRPMSig: the signature is known, and no copy carries it yet. */
  sign(rpmId: number, sigkey: string): void {
    const sighash = createHash('md5').update(`${rpmId} ${sigkey}`).digest('hex');
    this.#data.signatures.push({ rpm_id: rpmId, sighash, sigkey });
  }

  /** writeSignedRPM; the copy is the file given, or as large as the unsigned RPM. */
  writeCopy(rpmId: number, sigkey: string, file?: string): void {
    const { copy, unsigned } = this.#places(rpmId, sigkey);
    const path = file ?? this.#files.find(unsigned);
    if (path === undefined) throw new Error(`the stand-in hub has no file ${unsigned}`);
    this.#files.add(copy, path);
  }

  /** koji-gc or prune-signed-copies: the signature stays known. */
  removeCopy(rpmId: number, sigkey: string): void {
    this.#files.remove(this.#places(rpmId, sigkey).copy);
  }

  /** Ids of a build's RPMs by their names without version; source packages as NAME.src. */
  rpmIds(buildId: number): Record<string, number> {
    const record = this.#data.builds.find(({ getBuild }) => getBuild.id === buildId);
    const nameOf = ({ name, arch }: RpmRow): string => (arch === 'src' ? `${name}.src` : name);
    return Object.fromEntries((record?.listRPMs ?? []).map((rpm) => [nameOf(rpm), rpm.id]));
  }

  #places(rpmId: number, sigkey: string): { copy: string; unsigned: string } {
    for (const { getBuild, listRPMs } of this.#data.builds) {
      const rpm = listRPMs.find(({ id }) => id === rpmId);
      if (rpm === undefined) continue;
      const { name, version, release, arch } = rpm;
      const file = `${arch}/${name}-${version}-${release}.${arch}.rpm`;
      const directory = directoryOf(getBuild);
      return { copy: `${directory}/data/signed/${sigkey}/${file}`, unsigned: `${directory}/${file}` };
    }
    throw new Error(`the stand-in hub has no RPM ${rpmId}`);
  }
}
