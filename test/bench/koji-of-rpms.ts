import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type IncomingMessage, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename } from 'node:path';
import { FileRpmSource } from '../../daemon/indexer/rpm-source.ts';
import { scanRpm } from '../../daemon/indexer/scan-rpm.ts';
import { StandInHub } from '../support/stand-in-hub/stand-in-hub.ts';
import type { BuildRecord, RpmRow } from '../support/stand-in-hub/koji-data.ts';

/**
 * `koji-of-rpms.ts BUILDS RPMS-OF-A-BUILD ROWS-OF-THE-LAST RPM…`: a stand-in hub that lists those of
 * these RPMs that need no payload under many builds, the last of them large, and a file server that publishes them. Prints both addresses in one line of JSON. Each
 * build's RPMs have build-ids of their own: equal ones would be an index of a few hundred entries.
 */
const [builds = 0, rpmsOfABuild = 0, rowsOfTheLast = 0] = process.argv.slice(2, 5).map(Number);
const paths: string[] = [];
for (const path of process.argv.slice(5)) if (await isProvedByHeader(path)) paths.push(path);

/** What needs its payload costs many times as much, and would be found to differ from the header made here. */
async function isProvedByHeader(path: string): Promise<boolean> {
  const source = new FileRpmSource(path);
  const [header, auto] = [await scanRpm(source, { mode: 'header' }), await scanRpm(source, { mode: 'auto' })];
  return header.bytesRead === auto.bytesRead;
}

/** Completed long ago, so that no reconciliation finds them. */
const COMPLETED = Date.UTC(2024, 0, 1) / 1000;
const FIRST_DIGIT = 2;
const DIGITS = 10;

/** A build-id's digits in an RPM's header: in the class of its file, and in the name of its links. */
interface Mention {
  readonly at: number;
  readonly buildId: string;
}

interface Published {
  readonly bytes: Buffer;
  readonly mentions: readonly Mention[];
}

function publish(bytes: Buffer): Published {
  const text = bytes.toString('latin1');
  const ids = [...text.matchAll(/BuildID\[sha1\]=([0-9a-f]{40})/g)].map(([, buildId = '']) => buildId);
  const mentions = [...new Set(ids)].flatMap((buildId) => {
    const tail = buildId.slice(FIRST_DIGIT);
    const found: Mention[] = [];
    for (let at = bytes.indexOf(tail); at !== -1; at = bytes.indexOf(tail, at + 1)) {
      found.push({ at, buildId });
    }
    return found;
  });
  return { bytes, mentions };
}

const published = new Map(paths.map((path) => [basename(path), publish(readFileSync(path))]));

/** The first digits but two, which are a directory's name in a link, are made anew for each build. */
function partOf({ bytes, mentions }: Published, release: string, start: number, end: number): Buffer {
  const part = Buffer.from(bytes.subarray(start, end));
  for (const { at, buildId } of mentions) {
    if (at < start || at + DIGITS > end) continue;
    part.write(
      createHash('sha1')
        .update(release + buildId)
        .digest('hex')
        .slice(0, DIGITS),
      at - start,
      'latin1',
    );
  }
  return part;
}

function serve(request: IncomingMessage, response: ServerResponse): void {
  const [, , , , release = '', , name = ''] = decodeURIComponent(request.url ?? '').split('/');
  const file = published.get(name);
  if (file === undefined) {
    response.writeHead(404).end();
    return;
  }
  const size = file.bytes.length;
  const [, from = '0', to = ''] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? [];
  const start = Number(from);
  const end = Math.min(size, to === '' ? size : Number(to) + 1);
  const part = partOf(file, release, start, end);
  const ranged = { 'Content-Range': `bytes ${start}-${end - 1}/${size}` };
  response
    .writeHead(request.headers.range === undefined ? 200 : 206, {
      'Content-Type': 'application/x-rpm',
      'Content-Length': part.length,
      'Last-Modified': 'Mon, 01 Jan 2024 00:00:00 GMT',
      ...(request.headers.range === undefined ? {} : ranged),
    })
    .end(part);
}

const hub = await StandInHub.empty();
hub.changes.addBuild({ name: 'pattern', version: '1', release: '1', rpms: paths });
const [pattern] = hub.data.builds.splice(0);
if (pattern === undefined) throw new Error('the stand-in hub has made no build');

let rpms = 0;
function buildOf(
  { getBuild, ...rest }: BuildRecord,
  id: number,
  listRPMs: readonly RpmRow[],
  count: number,
): BuildRecord {
  const facts = {
    name: `package-${id % 97}`,
    package_name: `package-${id % 97}`,
    version: '1',
    release: `${id}`,
  };
  const nvr = `${facts.name}-1-${id}`;
  return {
    ...rest,
    getBuild: { ...getBuild, ...facts, nvr, id, build_id: id, completion_ts: COMPLETED + id },
    listRPMs: Array.from({ length: count }, (): RpmRow => {
      const rpm = listRPMs[rpms++ % listRPMs.length] as RpmRow;
      hub.data.signatures.push({ rpm_id: rpms, sighash: '00', sigkey: '' });
      return { ...rpm, id: rpms, build_id: id };
    }),
  };
}

const buildIdsOf = ({ name, version, release, arch }: RpmRow): number =>
  new Set(published.get(`${name}-${version}-${release}.${arch}.rpm`)?.mentions.map(({ buildId }) => buildId))
    .size;
const richest = pattern.listRPMs.toSorted((a, b) => buildIdsOf(b) - buildIdsOf(a)).slice(0, 1);
const rowsOfOne = Math.max(1, ...richest.map(buildIdsOf));
for (let id = 1; id < builds; id++) {
  hub.data.builds.push(buildOf(pattern, id, pattern.listRPMs, rpmsOfABuild));
}
hub.data.builds.push(buildOf(pattern, builds, richest, Math.ceil(rowsOfTheLast / rowsOfOne)));
const files = createServer(serve).listen(0, '127.0.0.1', () => {
  const { port } = files.address() as AddressInfo;
  console.log(JSON.stringify({ kinds: paths.length, hub: hub.hubUrl, topurl: `http://127.0.0.1:${port}` }));
});
