import Sqlite from 'better-sqlite3';
import { readTruth } from '../demo/truth.ts';
import { BUILD_STATE } from '../support/stand-in-hub/koji-data.ts';
import type { StandInHub } from '../support/stand-in-hub/stand-in-hub.ts';
import type { KojiLife } from './life.ts';

interface BuildInIndex {
  readonly build_key: number;
  readonly koji_build_id: number;
  readonly state: number;
  readonly draft: number;
  readonly release: string;
  readonly volume: string;
}

interface RpmInIndex {
  readonly rpm_key: number;
  readonly build_key: number;
  readonly koji_rpm_id: number;
  readonly superseded: number;
  readonly error_code: string | null;
}

/** What is left in the queue, a sentence for each job. */
export function jobsIn(database: string): string[] {
  const db = new Sqlite(database, { readonly: true });
  try {
    return db
      .prepare<[], { job: string }>(
        `SELECT 'build ' || koji_build_id || ' in state ' || state || ' after ' || attempts || ' attempts: ' ||
                coalesce(error_message, 'no error') AS job FROM job`,
      )
      .all()
      .map(({ job }) => job);
  } finally {
    db.close();
  }
}

/** What the index says otherwise than Koji, a sentence for each; and whether the database is sound. */
export function differences(database: string, { data }: StandInHub, life: KojiLife): string[] {
  const db = new Sqlite(database, { readonly: true });
  try {
    const found: string[] = [];
    const integrity = db.pragma('integrity_check', { simple: true });
    if (integrity !== 'ok') found.push(`integrity_check: ${String(integrity)}`);
    const builds = new Map(
      db
        .prepare<[], BuildInIndex>('SELECT * FROM build')
        .all()
        .map((build) => [build.koji_build_id, build]),
    );
    const rpms = new Map<number, RpmInIndex[]>();
    for (const rpm of db.prepare<[], RpmInIndex>('SELECT * FROM rpm').iterate()) {
      rpms.set(rpm.build_key, [...(rpms.get(rpm.build_key) ?? []), rpm]);
    }
    const rows = rowsByRpm(db);
    const truth = truthByRpm();
    for (const { getBuild, listRPMs } of data.builds) {
      const { id, state, draft, release, volume_name: volume } = getBuild;
      const build = builds.get(id);
      const what = `build ${id}`;
      if (build === undefined) {
        // What held nothing to read when it was first seen need not be known.
        if (state === BUILD_STATE.COMPLETE) found.push(`${what} is not in the index`);
        continue;
      }
      const said = [build.state, build.draft === 1, build.release, build.volume].join(' ');
      const koji = [state, draft, release, volume].join(' ');
      if (said !== koji) found.push(`${what}: "${said}" in the index, "${koji}" in Koji`);
      const inIndex = rpms.get(build.build_key) ?? [];
      for (const rpm of inIndex) {
        const file = life.fileOfRpm.get(rpm.koji_rpm_id) ?? '';
        const expected = truth.get(file) ?? [];
        const actual = rows.get(rpm.rpm_key) ?? [];
        // What could not be read before Koji dropped it stays unread.
        const isGone = state !== BUILD_STATE.COMPLETE || rpm.superseded === 1;
        if (rpm.error_code !== null) {
          if (!isGone) found.push(`${what}, RPM ${rpm.koji_rpm_id}: ${rpm.error_code}`);
        } else if (expected.toSorted().join() !== actual.toSorted().join()) {
          found.push(
            `${what}, RPM ${rpm.koji_rpm_id} (${file}): ${actual.join()} instead of ${expected.join()}`,
          );
        }
      }
      if (state !== BUILD_STATE.COMPLETE) continue;
      const listed = listRPMs.map((rpm) => rpm.id);
      const current = inIndex.filter((rpm) => rpm.superseded === 0).map((rpm) => rpm.koji_rpm_id);
      if (listed.toSorted().join() !== current.toSorted().join()) {
        found.push(`${what}: RPMs ${current.join()} in the index, ${listed.join()} in Koji`);
      }
    }
    if (builds.size > data.builds.length) found.push('the index has builds that Koji never had');
    return found;
  } finally {
    db.close();
  }
}

function rowsByRpm(db: Sqlite.Database): Map<number, string[]> {
  const rows = db.prepare<[], { rpm_key: number; row: string }>(
    `SELECT file_key >> 20 AS rpm_key, lower(hex(build_id)) || ' ' || (kind_evidence & 1) || ' ' || name AS row
     FROM file`,
  );
  const grouped = new Map<number, string[]>();
  for (const { rpm_key, row } of rows.iterate()) grouped.set(rpm_key, [...(grouped.get(rpm_key) ?? []), row]);
  return grouped;
}

/** Rows in the form of rowsByRpm, by the name of the RPM's file. */
function truthByRpm(): Map<string, string[]> {
  const truth = new Map<string, string[]>();
  for (const { nvra, path, buildId, kind } of readTruth()) {
    const row = `${buildId} ${kind === 'debuginfo' ? 1 : 0} ${path.replace(/.*\//, '')}`;
    truth.set(`${nvra}.rpm`, [...(truth.get(`${nvra}.rpm`) ?? []), row]);
  }
  return truth;
}
