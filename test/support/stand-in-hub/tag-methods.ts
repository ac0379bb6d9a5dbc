import { noSuch, refuseOthers } from './arguments.ts';
import type { Arguments } from './arguments.ts';
import type { BuildRecord, KojiData, NamedRow, Tagging } from './koji-data.ts';
import { applyQueryOptions } from './query-options.ts';
import { pyRepr, without } from './values.ts';
import type { PyStruct, PyValue } from './values.ts';

function find<T extends NamedRow>(rows: readonly T[], wanted: PyValue): T | undefined {
  return rows.find((row) => row.id === wanted || row.name === wanted);
}

/** listTagged has no numbers beside its times, and says which tag holds the build since when. */
function taggedRow({ getBuild: row }: BuildRecord, tag: NamedRow, tagging: Tagging): PyStruct {
  const left = [
    'cg_id',
    'cg_name',
    'completion_ts',
    'creation_ts',
    'extra',
    'promotion_ts',
    'source',
    'start_ts',
  ];
  const entries = Object.entries(row).filter(([name]) => !left.includes(name));
  const { create_event } = tagging;
  const added = Object.entries({ create_event, tag_id: tag.id, tag_name: tag.name });
  return Object.fromEntries([...entries, ...added].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** A tag and, if wanted, all that it inherits from, nearest first. */
function lineage(data: KojiData, tag: string, inherit: boolean): string[] {
  const parents = inherit ? (data.inheritance[tag] ?? []) : [];
  return [tag, ...parents.flatMap((parent) => lineage(data, parent, true))];
}

export function listTagged(data: KojiData, args: Arguments): PyValue {
  refuseOthers('listTagged', args, [
    'tag',
    'inherit',
    'latest',
    'package',
    'type',
    'prefix',
    'strict',
    'draft',
  ]);
  const { tag: wanted = null, latest = null, type = null, prefix = null, draft = null } = args;
  const tag = find(data.tags, wanted);
  if (tag === undefined) throw noSuch('tagInfo', pyRepr(wanted));
  const rows: PyStruct[] = [];
  const packages = new Set<PyValue>();
  for (const name of lineage(data, tag.name, args['inherit'] === true)) {
    const taggings = data.tagged.filter((tagging) => tagging.tag === name);
    for (const tagging of taggings.toSorted((a, b) => b.create_event - a.create_event)) {
      const record = data.builds.find(({ getBuild }) => getBuild.id === tagging.build_id);
      const holder = find(data.tags, name);
      if (record === undefined || holder === undefined) continue;
      const { package_name, draft: isDraft } = record.getBuild;
      if (args['package'] !== null && package_name !== args['package']) continue;
      if (typeof prefix === 'string' && !package_name.startsWith(prefix)) continue;
      if (type !== null && !record.buildType.some((each) => each === type)) continue;
      if (draft !== null && isDraft !== draft) continue;
      if (latest === true && packages.has(package_name)) continue;
      packages.add(package_name);
      rows.push(taggedRow(record, holder, tagging));
    }
  }
  return rows;
}

export function listTags(data: KojiData, args: Arguments): PyValue {
  refuseOthers('listTags', args, ['build', 'perms', 'queryOpts']);
  const { build = null, perms = null } = args;
  const record = data.builds.find(({ getBuild }) => getBuild.id === build || getBuild.nvr === build);
  if (build !== null && record === undefined) throw noSuch('build', pyRepr(build));
  const tags = data.tags.filter(
    (tag) =>
      record === undefined ||
      data.tagged.some(({ tag: name, build_id }) => name === tag.name && build_id === record.getBuild.id),
  );
  const rows = tags.map((tag) => (perms === false ? without(tag, 'perm', 'perm_id') : tag));
  return applyQueryOptions(rows, args['queryOpts'], Object.keys(data.tags[0] ?? {}));
}

export function getTag(data: KojiData, args: Arguments): PyValue {
  refuseOthers('getTag', args, ['tagInfo', 'strict']);
  const { tagInfo = null, strict = null } = args;
  const tag = find(data.tags, tagInfo);
  if (tag === undefined && strict === true) throw noSuch('tagInfo', pyRepr(tagInfo));
  return tag === undefined ? null : { ...tag, extra: {} };
}

export function listVolumes(data: KojiData): PyValue {
  return data.volumes.map(({ id, name }) => ({ id, name }));
}

export function getVolume(data: KojiData, args: Arguments): PyValue {
  const { volume = null, strict = null } = args;
  const found = find(data.volumes, volume);
  if (found === undefined && strict === true) throw noSuch('volume', pyRepr(volume));
  return found === undefined ? null : { id: found.id, name: found.name };
}

export function getPackageID(data: KojiData, args: Arguments): PyValue {
  const { name = null, strict = null } = args;
  const record = data.builds.find(({ getBuild }) => getBuild.package_name === name);
  if (record === undefined && strict === true) throw noSuch('package', pyRepr(name));
  return record?.getBuild.package_id ?? null;
}
