import { readFileSync } from 'node:fs';
import type { PyStruct, PyValue } from './values.ts';

/** koji.BUILD_STATES. */
export const BUILD_STATE = { BUILDING: 0, COMPLETE: 1, DELETED: 2, FAILED: 3, CANCELED: 4 } as const;

/** A build as getBuild answers it; the members that methods here look at are named. */
export type BuildRow = PyStruct & {
  readonly id: number;
  readonly build_id: number;
  readonly name: string;
  readonly version: string;
  readonly release: string;
  readonly nvr: string;
  readonly epoch: number | null;
  readonly state: number;
  readonly draft: boolean;
  readonly package_id: number;
  readonly package_name: string;
  readonly volume_id: number;
  readonly volume_name: string;
  readonly completion_ts: number | null;
  readonly creation_ts: number;
  readonly extra: PyValue;
};

/** An RPM as listRPMs answers it. */
export type RpmRow = PyStruct & {
  readonly id: number;
  readonly build_id: number;
  readonly name: string;
  readonly version: string;
  readonly release: string;
  readonly arch: string;
  readonly draft: boolean;
};

/** A build with all that other methods say of it. */
export interface BuildRecord {
  getBuild: BuildRow;
  listRPMs: RpmRow[];
  listArchives: PyStruct[];
  buildType: string[];
}

export type SignatureRow = PyStruct & { readonly rpm_id: number; readonly sigkey: string };

export interface NamedRow {
  readonly id: number;
  readonly name: string;
}

export interface Tagging {
  readonly tag: string;
  readonly build_id: number;
  readonly create_event: number;
}

/**
 * What the hub's tables hold beyond hub-data.json. Rows lie in the order in which they were last written,
 * which is what a list without an order shows.
 */
interface RecordedTables {
  readonly inheritance: Record<string, string[]>;
  readonly tagged: Tagging[];
  readonly signed_rpms: number[];
  readonly builds: number[];
}

/** All that a hub knows: rows of its tables, in no form but that of its answers. */
export interface KojiData {
  kojiVersion: string;
  volumes: NamedRow[];
  tags: (PyStruct & NamedRow)[];
  /** In physical order. */
  builds: BuildRecord[];
  signatures: SignatureRow[];
  /** Tag to the tags that it inherits from, nearest first. */
  inheritance: Record<string, string[]>;
  tagged: Tagging[];
  /** What is told of an archive, by its id, to who asks for archives of its type. */
  readonly archiveDetails: Map<number, PyStruct>;
}

/** A file such as hub-data.json: every build as the hub's methods answer it. */
interface HubDataFile {
  readonly koji_version: string;
  readonly volumes: NamedRow[];
  readonly tags: (PyStruct & NamedRow)[];
  readonly builds: (BuildRecord & {
    /** By RPM id. */
    readonly queryRPMSigs: Record<string, SignatureRow[]>;
    /** Names of tags. */
    readonly tags: string[];
  })[];
}

function readJson(file: string | URL): unknown {
  return JSON.parse(readFileSync(file, 'utf8'));
}

/** What a file in hub-data.json's form holds; its order stands in for the times that it does not tell. */
export function readKojiData(file: string | URL): KojiData {
  const { koji_version, volumes, tags, builds } = readJson(file) as HubDataFile;
  return {
    kojiVersion: koji_version,
    volumes,
    tags,
    builds,
    signatures: builds.flatMap(({ queryRPMSigs }) => Object.values(queryRPMSigs).flat()),
    inheritance: {},
    tagged: builds.flatMap((record) =>
      record.tags.map((tag) => ({ tag, build_id: record.getBuild.id, create_event: record.getBuild.id })),
    ),
    archiveDetails: new Map(),
  };
}

/** The seventeen builds of the recorded hub; every call gives fresh data to change. */
export function recordedKojiData(): KojiData {
  const data = readKojiData(new URL('data/hub-data.json', import.meta.url));
  const tables = readJson(new URL('data/tables.json', import.meta.url)) as RecordedTables;
  const buildPosition = (record: BuildRecord): number => tables.builds.indexOf(record.getBuild.id);
  // The signature that every RPM has came with it, before any was signed.
  const signaturePosition = (row: SignatureRow): number =>
    row.sigkey === '' ? -1 : tables.signed_rpms.indexOf(row.rpm_id);
  return {
    ...data,
    builds: data.builds.toSorted((a, b) => buildPosition(a) - buildPosition(b)),
    signatures: data.signatures.toSorted((a, b) => signaturePosition(a) - signaturePosition(b)),
    inheritance: tables.inheritance,
    tagged: tables.tagged,
  };
}

/** A hub without builds and tags. */
export function emptyKojiData(): KojiData {
  const volumes = [{ id: 0, name: 'DEFAULT' }];
  return {
    kojiVersion: '1.35.3',
    volumes,
    tags: [],
    builds: [],
    signatures: [],
    inheritance: {},
    tagged: [],
    archiveDetails: new Map(),
  };
}
