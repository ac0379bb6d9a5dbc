import { bindArguments } from './arguments.ts';
import type { Arguments, Signature } from './arguments.ts';
import { getBuild, getBuildType, listArchives, listBuilds } from './build-methods.ts';
import { Fault, genericError, notImitated } from './faults.ts';
import type { KojiData } from './koji-data.ts';
import { kojiMethods } from './recordings.ts';
import { getRPM, listBuildRPMs, listRPMs, queryRPMSigs } from './rpm-methods.ts';
import { getPackageID, getTag, getVolume, listTagged, listTags, listVolumes } from './tag-methods.ts';
import { isStruct } from './values.ts';
import type { PyStruct, PyValue } from './values.ts';

type Method = (data: KojiData, args: Arguments) => PyValue;

function method(python: string, parameters: string, compute: Method): Signature & { compute: Method } {
  return { python, parameters: parameters.split(' ').filter((name) => name !== ''), compute };
}

const QUERY = 'queryOpts';

/** What is computed from the data, under Koji's names with Koji's parameters; "!" marks those without a default. */
const COMPUTED: Readonly<Record<string, ReturnType<typeof method>>> = {
  getAPIVersion: method('getAPIVersion', '', () => 1),
  getKojiVersion: method('getKojiVersion', '', (data) => data.kojiVersion),
  getBuild: method('get_build', 'buildInfo! strict', getBuild),
  getBuildType: method('get_build_type', 'buildInfo! strict', getBuildType),
  listBuilds: method(
    'listBuilds',
    'packageID userID taskID prefix state volumeID source createdBefore createdAfter completeBefore ' +
      `completeAfter type typeInfo ${QUERY} pattern cgID draft`,
    listBuilds,
  ),
  listArchives: method(
    'list_archives',
    'buildID buildrootID componentBuildrootID hostID type filename size checksum checksum_type typeInfo ' +
      `${QUERY} imageID archiveID strict`,
    listArchives,
  ),
  listRPMs: method(
    'list_rpms',
    `buildID buildrootID imageID componentBuildrootID hostID arches ${QUERY} draft`,
    listRPMs,
  ),
  listBuildRPMs: method('listBuildRPMs', 'build!', listBuildRPMs),
  getRPM: method('get_rpm', 'rpminfo! strict multi', getRPM),
  queryRPMSigs: method('query_rpm_sigs', `rpm_id sigkey ${QUERY}`, queryRPMSigs),
  listTagged: method(
    'listTagged',
    'tag! event inherit prefix latest package owner type strict extra draft',
    listTagged,
  ),
  listTags: method('listTags', `build package perms ${QUERY} pattern`, listTags),
  getTag: method('get_tag', 'tagInfo! strict event blocked', getTag),
  listVolumes: method('list_volumes', '', listVolumes),
  getVolume: method('lookup_volume', 'volume! strict', getVolume),
  getPackageID: method('getPackageID', 'name! strict', getPackageID),
};

/** A method that changes something; nobody can log in here. */
const NEEDS_LOGIN = new Set([
  'tagBuild',
  'untagBuild',
  'deleteBuild',
  'resetBuild',
  'importRPM',
  'createTag',
]);

const EXCEPTION_NAMES = new Map([
  [1000, 'koji.GenericError'],
  [1004, 'koji.ActionNotAllowed'],
  [1019, 'koji.ParameterError'],
]);

/** A failed part of a multiCall: the traceback's frames are not imitated, its first and last lines are. */
function failedPart(fault: Fault): PyStruct {
  const name = EXCEPTION_NAMES.get(fault.faultCode) ?? 'Exception';
  const traceback = ['Traceback (most recent call last):\n', `${name}: ${fault.message}\n`];
  return { faultCode: fault.faultCode, faultString: fault.message, traceback };
}

function callAll(data: KojiData, calls: PyValue): PyValue {
  if (!Array.isArray(calls)) throw genericError('multiCall takes a list of calls');
  return calls.map((call: PyValue): PyValue => {
    try {
      const { methodName = null, params = null } = isStruct(call) ? call : {};
      return [
        callMethod(
          data,
          typeof methodName === 'string' ? methodName : '',
          Array.isArray(params) ? params : [],
        ),
      ];
    } catch (error) {
      if (error instanceof Fault) return failedPart(error);
      throw error;
    }
  });
}

/** True if the answer follows from the data; all else can only be a recording. */
export function isComputed(name: string): boolean {
  return ['multiCall', 'system.multicall', 'probeEcho'].includes(name) || Object.hasOwn(COMPUTED, name);
}

/** Answers a call. Throws Fault. */
export function callMethod(data: KojiData, name: string, params: readonly PyValue[]): PyValue {
  if (name === 'multiCall' || name === 'system.multicall') return callAll(data, params[0] ?? null);
  // A method of a plugin that the recorded hub had: it answers with what it was given.
  if (name === 'probeEcho') return { args: params, kws: {} };
  const found = Object.hasOwn(COMPUTED, name) ? COMPUTED[name] : undefined;
  if (found !== undefined) return found.compute(data, bindArguments(found, params));
  if (NEEDS_LOGIN.has(name)) throw new Fault(1004, 'you must be logged in for this operation');
  throw kojiMethods().has(name)
    ? notImitated(`${name} with these arguments`)
    : genericError(`Invalid method: ${name}`);
}
