import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { BUILD_STATE } from './koji-data.ts';
import type { BuildRecord, BuildRow, KojiData, RpmRow } from './koji-data.ts';
import type { PublishedFiles } from './published-files.ts';
import { readRpmFacts } from './rpm-facts.ts';
import type { RpmFacts } from './rpm-facts.ts';
import type { PyStruct } from './values.ts';

/** A build to be imported. */
export interface NewBuild {
  readonly name: string;
  readonly version: string;
  readonly release: string;
  /** Paths of its RPMs on disk; none for a build that has only just begun. */
  readonly rpms?: readonly string[];
  readonly state?: keyof typeof BUILD_STATE;
  /** A draft's release becomes "2,draft_17". */
  readonly draft?: boolean;
}

/** An archive to be imported. */
export interface NewArchive {
  /** Where it lies on disk; it keeps its name. */
  readonly path: string;
  readonly btype: string;
  /** "tar" if it is left out. */
  readonly type?: string;
  /** Where Koji puts it in its build's directory: images, files/BTYPE, maven/…, win/…. */
  readonly directory: string;
  /** What Koji's table for archives of this build type holds. */
  readonly details?: PyStruct;
}

/** Where koji.PathInfo puts a build. */
export function directoryOf({ name, version, release, volume_name }: BuildRow): string {
  const volume = volume_name === 'DEFAULT' ? '' : `vol/${volume_name}/`;
  return `${volume}packages/${name}/${version}/${release}`;
}

function fileNameOf({
  name,
  version,
  release,
  arch,
}: Pick<RpmRow, 'name' | 'version' | 'release' | 'arch'>): string {
  return `${name}-${version}-${release}.${arch}.rpm`;
}

function timesNow(what: string): PyStruct {
  const now = new Date();
  const text = now.toISOString().replace('T', ' ').replace('Z', '000+00:00');
  return { [`${what}_time`]: text, [`${what}_ts`]: now.getTime() / 1000 };
}

/** What happens in a Koji: builds are made, deleted, moved, promoted, and their files with them. */
export class KojiChanges {
  readonly #data: KojiData;
  readonly #files: PublishedFiles;
  readonly #facts = new Map<string, RpmFacts>();
  #lastRpmId = 0;

  constructor(data: KojiData, files: PublishedFiles) {
    this.#data = data;
    this.#files = files;
  }

  /** Imports a build and its RPMs; returns its id. */
  addBuild(build: NewBuild): number {
    const id = 1 + Math.max(0, ...this.#data.builds.map(({ getBuild }) => getBuild.id));
    const draft = build.draft ?? false;
    const release = draft ? `${build.release},draft_${id}` : build.release;
    const { name, version } = build;
    const state = BUILD_STATE[build.state ?? 'COMPLETE'];
    const none = { completion_time: null, completion_ts: null };
    const getBuild = {
      build_id: id,
      cg_id: null,
      ...(state === BUILD_STATE.BUILDING ? none : timesNow('completion')),
      creation_event_id: id,
      ...timesNow('creation'),
      draft,
      epoch: null,
      extra: null,
      id,
      name,
      nvr: `${name}-${version}-${release}`,
      owner_id: 1,
      owner_name: 'kojiadmin',
      package_id: this.#packageId(name),
      package_name: name,
      promoter_id: null,
      promoter_name: null,
      promotion_time: null,
      promotion_ts: null,
      release,
      source: null,
      ...timesNow('start'),
      state,
      task_id: null,
      version,
      volume_id: 0,
      volume_name: 'DEFAULT',
      cg_name: null,
    } as unknown as BuildRow;
    this.#data.builds.push({ getBuild, listRPMs: [], listArchives: [], buildType: ['rpm'] });
    this.addRpms(id, build.rpms ?? []);
    return id;
  }

  /** Imports RPMs into a build, as `koji import` does one by one. Returns their ids. */
  addRpms(buildId: number, paths: readonly string[]): number[] {
    const record = this.#record(buildId);
    return paths.map((path) => {
      const id = this.#nextRpmId();
      const { name, version, release, epoch, arch, ...facts } = this.#factsOf(path);
      const nvr = `${name}-${version}-${release}`;
      record.listRPMs.push({
        arch,
        build_id: buildId,
        buildroot_id: null,
        buildtime: facts.buildtime,
        draft: record.getBuild.draft,
        epoch,
        external_repo_id: 0,
        external_repo_name: 'INTERNAL',
        extra: null,
        id,
        metadata_only: false,
        name,
        nvr,
        payloadhash: facts.payloadhash,
        release,
        size: facts.size,
        version,
      });
      // The header that it came with, which is unsigned.
      this.#data.signatures.push({ rpm_id: id, sighash: facts.payloadhash, sigkey: '' });
      this.#files.add(`${directoryOf(record.getBuild)}/${arch}/${nvr}.${arch}.rpm`, path);
      return id;
    });
  }

  /** Imports an archive into a build, as a content generator or importArchive does. Returns its id. */
  addArchive(buildId: number, { path, btype, type = 'tar', directory, details }: NewArchive): number {
    const record = this.#record(buildId);
    const all = this.#data.builds.flatMap(({ listArchives }) => listArchives);
    const id = 1 + Math.max(0, ...all.map((archive) => Number(archive['id'])));
    const bytes = readFileSync(path);
    record.listArchives.push({
      btype,
      btype_id: 4,
      build_id: buildId,
      buildroot_id: null,
      checksum: createHash('sha256').update(bytes).digest('hex'),
      checksum_type: 2,
      compression_type: type,
      extra: null,
      filename: basename(path),
      id,
      metadata_only: false,
      size: bytes.length,
      type_description: type,
      type_extensions: type,
      type_id: 4,
      type_name: type,
    });
    if (details !== undefined) this.#data.archiveDetails.set(id, details);
    this.#files.add(`${directoryOf(record.getBuild)}/${directory}/${basename(path)}`, path);
    return id;
  }

  /** Publishes what lies in one directory under the names of RPMs that the hub lists, each where it belongs. */
  publishRpms(directory: string): void {
    for (const { getBuild, listRPMs } of this.#data.builds) {
      for (const rpm of listRPMs) {
        const name = fileNameOf(rpm);
        const file = join(directory, name);
        if (existsSync(file)) this.#files.add(`${directoryOf(getBuild)}/${rpm.arch}/${name}`, file);
      }
    }
  }

  /** A build that was begun ends well. */
  completeBuild(buildId: number): void {
    this.#update(buildId, { state: BUILD_STATE.COMPLETE, ...timesNow('completion') });
  }

  /** A build that was begun ends badly; what it left on disk stays. */
  failBuild(buildId: number): void {
    this.#update(buildId, { state: BUILD_STATE.FAILED, ...timesNow('completion') });
  }

  /** Files go, rows remain. */
  deleteBuild(buildId: number): void {
    this.#files.removeDirectory(directoryOf(this.#record(buildId).getBuild));
    this.#update(buildId, { state: BUILD_STATE.DELETED });
  }

  /** resetBuild: the build is canceled on the default volume, its RPMs and archives go with their files. */
  resetBuild(buildId: number): void {
    const record = this.#record(buildId);
    this.#files.removeDirectory(directoryOf(record.getBuild));
    const gone = new Set(record.listRPMs.map(({ id }) => id));
    this.#data.signatures = this.#data.signatures.filter(({ rpm_id }) => !gone.has(rpm_id));
    record.listRPMs = [];
    record.listArchives = [];
    this.#update(buildId, { state: BUILD_STATE.CANCELED, volume_id: 0, volume_name: 'DEFAULT' });
  }

  /** Moves a build's files to another volume, which is made if there is none of the name. */
  moveToVolume(buildId: number, volume: string): void {
    let found = this.#data.volumes.find(({ name }) => name === volume);
    if (found === undefined) {
      found = { id: 1 + Math.max(...this.#data.volumes.map(({ id }) => id)), name: volume };
      this.#data.volumes.push(found);
    }
    this.#relocate(buildId, { volume_id: found.id, volume_name: volume });
  }

  /** A draft becomes the build of its name: its directory is renamed, the old path is gone. */
  promoteBuild(buildId: number): void {
    const record = this.#record(buildId);
    const { name, version, release } = record.getBuild;
    const promoted = release.replace(/,draft_\d+$/, '');
    const nvr = `${name}-${version}-${promoted}`;
    const promoter = { promoter_id: 1, promoter_name: 'kojiadmin', ...timesNow('promotion') };
    this.#relocate(buildId, { release: promoted, nvr, draft: false, ...promoter });
    record.listRPMs = record.listRPMs.map((rpm): RpmRow => ({ ...rpm, draft: false }));
  }

  /** Tags a build, with a tag that is made if there is none of the name. */
  tagBuild(buildId: number, tag: string): void {
    if (!this.#data.tags.some(({ name }) => name === tag)) {
      const id = 1 + this.#data.tags.length;
      const fixed = { locked: false, maven_include_all: false, maven_support: false };
      this.#data.tags.push({ arches: 'x86_64', id, ...fixed, name: tag, perm: null, perm_id: null });
    }
    const create_event = 1 + Math.max(0, ...this.#data.tagged.map((tagging) => tagging.create_event));
    this.#data.tagged.push({ tag, build_id: buildId, create_event });
  }

  /** A sequence, as PostgreSQL's: numbers of rows that are gone are not used again. */
  #nextRpmId(): number {
    if (this.#lastRpmId === 0) {
      for (const { listRPMs } of this.#data.builds) {
        for (const { id } of listRPMs) this.#lastRpmId = Math.max(this.#lastRpmId, id);
      }
    }
    return ++this.#lastRpmId;
  }

  /** One RPM may be imported into thousands of builds. */
  #factsOf(path: string): RpmFacts {
    const facts = this.#facts.get(path) ?? readRpmFacts(path);
    this.#facts.set(path, facts);
    return facts;
  }

  #packageId(name: string): number {
    const known = this.#data.builds.map(({ getBuild }) => getBuild);
    const same = known.find((row) => row.package_name === name);
    return same?.package_id ?? 1 + Math.max(0, ...known.map((row) => row.package_id));
  }

  #record(buildId: number): BuildRecord {
    const record = this.#data.builds.find(({ getBuild }) => getBuild.id === buildId);
    if (record === undefined) throw new Error(`the stand-in hub has no build ${buildId}`);
    return record;
  }

  /** Rows that are written move to the end of their table. */
  #update(buildId: number, change: PyStruct): void {
    const record = this.#record(buildId);
    record.getBuild = { ...record.getBuild, ...change };
    this.#data.builds.splice(this.#data.builds.indexOf(record), 1);
    this.#data.builds.push(record);
  }

  #relocate(buildId: number, change: PyStruct): void {
    const before = directoryOf(this.#record(buildId).getBuild);
    this.#update(buildId, change);
    this.#files.moveDirectory(before, directoryOf(this.#record(buildId).getBuild));
  }
}
