import { noSuch, refuseOthers } from './arguments.ts';
import type { Arguments } from './arguments.ts';
import { genericError, pythonException } from './faults.ts';
import type { BuildRecord, BuildRow, KojiData } from './koji-data.ts';
import { applyQueryOptions } from './query-options.ts';
import { DateTime, Float, isStruct, pyRepr, pyType, without } from './values.ts';
import type { PyStruct, PyValue } from './values.ts';

interface Nvr {
  readonly name: PyValue;
  readonly version: PyValue;
  readonly release: PyValue;
}

/** koji.parse_NVR: split from the right. */
function parseNvr(text: string): Nvr {
  const match = /^(.+)-([^-]+)-([^-]+)$/.exec(text);
  if (match === null) throw genericError(`invalid format: ${text}`);
  return { name: match[1] ?? '', version: match[2] ?? '', release: match[3] ?? '' };
}

/** koji's find_build_id: a build by its id, its NVR, or a struct with either. */
function findBuild(data: KojiData, build: PyValue, strict: boolean): BuildRecord | null {
  let found: BuildRecord | undefined;
  if (typeof build === 'number' || typeof build === 'bigint') {
    found = data.builds.find(({ getBuild }) => getBuild.id === build);
  } else if (typeof build === 'string' || isStruct(build)) {
    const wanted = typeof build === 'string' ? parseNvr(build) : build;
    if (isStruct(build) && typeof build['id'] === 'number') return findBuild(data, build['id'], strict);
    const { name, version, release } = wanted as Partial<Nvr>;
    if (name === undefined || version === undefined || release === undefined) {
      throw genericError('did not provide name, version, and release');
    }
    found = data.builds.find(
      ({ getBuild: row }) => row.name === name && row.version === version && row.release === release,
    );
  } else {
    throw genericError(`Invalid type for argument: ${pyType(build)}`);
  }
  if (found === undefined && strict) throw noSuch('build', pyRepr(build));
  return found ?? null;
}

export function getBuild(data: KojiData, args: Arguments): PyValue {
  return findBuild(data, args['buildInfo'] ?? null, args['strict'] === true)?.getBuild ?? null;
}

export function getBuildType(data: KojiData, args: Arguments): PyValue {
  const record = findBuild(data, args['buildInfo'] ?? null, args['strict'] === true);
  if (record === null) return null;
  const { id, extra } = record.getBuild;
  const typeInfo = isStruct(extra) && isStruct(extra['typeinfo']) ? extra['typeinfo'] : {};
  return Object.fromEntries(
    record.buildType.map((type) => [type, type === 'image' ? { build_id: id } : (typeInfo[type] ?? null)]),
  );
}

/** koji's convert_timestamp: seconds, or a text that PostgreSQL understands; these are all in UTC. */
function seconds(value: PyValue): number {
  if (value instanceof Float) return value.value;
  if (typeof value === 'string') return Date.parse(`${value.replace(' ', 'T')}Z`) / 1000;
  if (value instanceof DateTime) {
    throw pythonException('TypeError', "'DateTime' object cannot be interpreted as an integer");
  }
  return Number(value);
}

/** SQL's ILIKE with a shell pattern's * and ?. */
function matchesPattern(text: string, pattern: string): boolean {
  const escaped = pattern.replaceAll(/[.+^${}()|[\]\\]/g, String.raw`\$&`);
  return new RegExp(`^${escaped.replaceAll('*', '.*').replaceAll('?', '.')}$`, 'i').test(text);
}

type Condition = (record: BuildRecord, wanted: PyValue) => boolean;

const isAfter = (time: number | null, wanted: PyValue): boolean => time !== null && time > seconds(wanted);
const isBefore = (time: number | null, wanted: PyValue): boolean => time !== null && time < seconds(wanted);

const CONDITIONS: Readonly<Record<string, Condition>> = {
  packageID: ({ getBuild: row }, wanted) => row.package_id === wanted || row.package_name === wanted,
  userID: ({ getBuild: row }, wanted) => row['owner_id'] === wanted || row['owner_name'] === wanted,
  taskID: ({ getBuild: row }, wanted) => row['task_id'] === wanted,
  prefix: ({ getBuild: row }, wanted) =>
    typeof wanted === 'string' && row.name.toLowerCase().startsWith(wanted.toLowerCase()),
  state: ({ getBuild: row }, wanted) => row.state === wanted,
  volumeID: ({ getBuild: row }, wanted) => row.volume_id === wanted,
  createdBefore: ({ getBuild: row }, wanted) => isBefore(row.creation_ts, wanted),
  createdAfter: ({ getBuild: row }, wanted) => isAfter(row.creation_ts, wanted),
  completeBefore: ({ getBuild: row }, wanted) => isBefore(row.completion_ts, wanted),
  completeAfter: ({ getBuild: row }, wanted) => isAfter(row.completion_ts, wanted),
  type: ({ buildType }, wanted) => buildType.some((type) => type === wanted),
  pattern: ({ getBuild: row }, wanted) => typeof wanted === 'string' && matchesPattern(row.nvr, wanted),
  cgID: ({ getBuild: row }, wanted) => row['cg_id'] === wanted,
  draft: ({ getBuild: row }, wanted) => row.draft === wanted,
};

/** listBuilds has a build's facts without its "id" and its content generator. */
function listed(row: BuildRow): PyStruct {
  return without(row, 'id', 'cg_id', 'cg_name');
}

export function listBuilds(data: KojiData, args: Arguments): PyValue {
  refuseOthers('listBuilds', args, [...Object.keys(CONDITIONS), 'queryOpts']);
  const given = Object.entries(CONDITIONS).filter(([name]) => args[name] !== null);
  const records = data.builds.filter((record) =>
    given.every(([name, condition]) => condition(record, args[name] ?? null)),
  );
  const rows = records.map((record) => listed(record.getBuild));
  const columns = data.builds[0] === undefined ? [] : Object.keys(listed(data.builds[0].getBuild));
  return applyQueryOptions(rows, args['queryOpts'], columns);
}

/** The archives of a build; of one type, with what is known of that type alone. */
export function listArchives(data: KojiData, args: Arguments): PyValue {
  refuseOthers('listArchives', args, ['buildID', 'type', 'queryOpts']);
  const { buildID, type = null } = args;
  const all = data.builds.flatMap(({ getBuild: row, listArchives: archives }) =>
    buildID === null || buildID === row.id ? archives : [],
  );
  const rows = all
    .filter((archive) => type === null || archive['btype'] === type)
    .map((archive) => (type === null ? archive : { ...detailsOf(data, archive, type), ...archive }));
  return applyQueryOptions(rows, args['queryOpts'], Object.keys(all[0] ?? {}));
}

/** What image_archives, maven_archives and win_archives hold; of recorded images it is in their "extra" as well. */
function detailsOf(data: KojiData, archive: PyStruct, type: PyValue): PyStruct {
  const { extra } = archive;
  const image = isStruct(extra) ? extra['image'] : null;
  const arch = isStruct(image) ? (image['arch'] ?? null) : null;
  return data.archiveDetails.get(Number(archive['id'])) ?? (type === 'image' ? { arch } : {});
}
