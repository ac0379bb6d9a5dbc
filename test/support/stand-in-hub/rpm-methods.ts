import { noSuch, refuseOthers } from './arguments.ts';
import type { Arguments } from './arguments.ts';
import { genericError, pythonException } from './faults.ts';
import type { KojiData, RpmRow, SignatureRow } from './koji-data.ts';
import { applyQueryOptions } from './query-options.ts';
import { isStruct, pyRepr, pyType, without } from './values.ts';
import type { PyStruct, PyValue } from './values.ts';

function rpmsOf(builds: KojiData['builds']): RpmRow[] {
  return builds.flatMap(({ listRPMs }) => listRPMs).toSorted((a, b) => a.id - b.id);
}

function allRpms({ builds }: KojiData): RpmRow[] {
  return rpmsOf(builds);
}

function columnsOf(rows: readonly PyStruct[]): string[] {
  return Object.keys(rows[0] ?? {});
}

export function listRPMs(data: KojiData, args: Arguments): PyValue {
  refuseOthers('listRPMs', args, ['buildID', 'arches', 'queryOpts', 'draft']);
  const { buildID = null, arches = null, draft = null } = args;
  // Unlike other methods it takes no NVR.
  if (typeof buildID === 'string') {
    const message = `invalid input syntax for type integer: "${buildID}"`;
    throw pythonException('psycopg2.errors.InvalidTextRepresentation', message);
  }
  const wanted = Array.isArray(arches) ? arches : [arches];
  const builds = data.builds.filter(({ getBuild }) => buildID === null || getBuild.id === buildID);
  const all = rpmsOf(builds);
  const rows = all.filter(
    (rpm) => (arches === null || wanted.includes(rpm.arch)) && (draft === null || rpm.draft === draft),
  );
  return applyQueryOptions(rows, args['queryOpts'], columnsOf(all));
}

export function listBuildRPMs(data: KojiData, args: Arguments): PyValue {
  const { build = null } = args;
  return allRpms(data).filter((rpm) => rpm.build_id === build);
}

/** koji.parse_NVRA. */
function matchesNvra(rpm: RpmRow, nvra: string): boolean {
  return `${rpm.name}-${rpm.version}-${rpm.release}.${rpm.arch}` === nvra.replace(/\.rpm$/, '');
}

/** getRPM leaves out the nvr that listRPMs has. */
function withoutNvr(rpm: RpmRow): PyStruct {
  return without(rpm, 'nvr');
}

/** Of several RPMs with one NVRA a real build's goes before drafts', then the newest. */
export function getRPM(data: KojiData, args: Arguments): PyValue {
  const { rpminfo = null, strict = null, multi = null } = args;
  let found: RpmRow[];
  if (typeof rpminfo === 'number') found = allRpms(data).filter((rpm) => rpm.id === rpminfo);
  else if (typeof rpminfo === 'string') {
    if (!/^.+-[^-]+-[^-]+\.[^.]+$/.test(rpminfo)) throw genericError(`invalid format: ${rpminfo}`);
    found = allRpms(data).filter((rpm) => matchesNvra(rpm, rpminfo));
  } else if (isStruct(rpminfo)) {
    found = allRpms(data).filter((rpm) =>
      Object.entries(rpminfo).every(([name, value]) => rpm[name] === value),
    );
  } else throw genericError(`Invalid type for rpminfo: ${pyType(rpminfo)}`);
  if (found.length === 0 && strict === true) throw noSuch('rpm', pyRepr(rpminfo));
  if (multi === true) return found.map(withoutNvr);
  const [best] = found.toSorted((a, b) => Number(a.draft) - Number(b.draft) || b.id - a.id);
  return best === undefined ? null : withoutNvr(best);
}

interface SignatureIndex {
  readonly rows: readonly SignatureRow[];
  /** Rows are appended, or all replaced. */
  readonly count: number;
  readonly byRpm: ReadonlyMap<PyValue, SignatureRow[]>;
}

const signatureIndexes = new WeakMap<KojiData, SignatureIndex>();

/** Thousands of RPMs are asked about one by one. */
function signaturesByRpm(data: KojiData): SignatureIndex['byRpm'] {
  const known = signatureIndexes.get(data);
  const { signatures: rows } = data;
  if (known !== undefined && known.rows === rows && known.count === rows.length) return known.byRpm;
  const byRpm = new Map<PyValue, SignatureRow[]>();
  for (const row of rows) {
    const own = byRpm.get(row.rpm_id);
    if (own === undefined) byRpm.set(row.rpm_id, [row]);
    else own.push(row);
  }
  signatureIndexes.set(data, { rows, count: rows.length, byRpm });
  return byRpm;
}

export function queryRPMSigs(data: KojiData, args: Arguments): PyValue {
  const { rpm_id = null, sigkey = null } = args;
  const ofRpm = rpm_id === null ? data.signatures : (signaturesByRpm(data).get(rpm_id) ?? []);
  const rows = ofRpm.filter((row) => sigkey === null || row.sigkey === sigkey);
  return applyQueryOptions(rows, args['queryOpts'], columnsOf(data.signatures));
}
