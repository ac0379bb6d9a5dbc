import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { serve } from './koji-http.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const FIXTURE_RPMS = fileURLToPath(new URL('../fixtures/rpms/', import.meta.url));

/** Those of test/fixtures/rpms whose names begin so. */
export function fixtureRpms(...beginnings: string[]): string[] {
  return readdirSync(FIXTURE_RPMS)
    .filter((name) => name.endsWith('.rpm') && beginnings.some((beginning) => name.startsWith(beginning)))
    .map((name) => join(FIXTURE_RPMS, name));
}

function run(command: string, args: readonly string[], input?: Buffer): Buffer {
  const { status, stdout, stderr, error } = spawnSync(command, args, { input, maxBuffer: 2 ** 30 });
  if (status === 0) return stdout;
  throw new Error(`${command} ${args.join(' ')}: ${error?.message ?? stderr.toString()}`);
}

export function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

const COMPRESSORS = {
  gz: ['gzip', '-c'],
  xz: ['xz', '-c'],
  bz2: ['bzip2', '-c'],
  zst: ['zstd', '-c'],
  plain: null,
} as const;
export type RepodataCompression = keyof typeof COMPRESSORS;

/** A YUM repository in a directory of its own, made by createrepo_c. */
export class YumRepository {
  readonly directory = temporaryDirectory();

  constructor(rpms: readonly string[], options: { readonly args?: readonly string[] } = {}) {
    this.publish(rpms, options);
  }

  /** Makes it hold exactly these. */
  publish(rpms: readonly string[], { args = [] }: { readonly args?: readonly string[] } = {}): void {
    const packages = join(this.directory, 'Packages');
    rmSync(packages, { recursive: true, force: true });
    mkdirSync(packages);
    for (const rpm of rpms) copyFileSync(rpm, join(packages, basename(rpm)));
    run('createrepo_c', ['--quiet', '--simple-md-filenames', ...args, this.directory]);
  }

  read(path: string): Buffer {
    return readFileSync(join(this.directory, path));
  }

  write(path: string, content: Buffer | string): void {
    writeFileSync(join(this.directory, path), content);
  }

  get repomd(): string {
    return this.read('repodata/repomd.xml').toString();
  }

  /** primary.xml as it was when it was compressed with gzip. */
  get primary(): Buffer {
    return run('gzip', ['-dc'], this.read('repodata/primary.xml.gz'));
  }

  /** Puts another primary.xml in the place of the one that createrepo_c made, and tells of it in repomd.xml. */
  replacePrimary(open: Buffer | string, compression: RepodataCompression = 'gz'): void {
    const bytes = Buffer.from(open);
    const compressor = COMPRESSORS[compression];
    const compressed = compressor === null ? bytes : run(compressor[0], compressor.slice(1), bytes);
    const name = `repodata/primary.xml${compression === 'plain' ? '' : `.${compression}`}`;
    this.write(name, compressed);
    this.write(
      'repodata/repomd.xml',
      `<?xml version="1.0"?><repomd xmlns="http://linux.duke.edu/metadata/repo"><data type="primary">
        <checksum type="sha256">${sha256(compressed)}</checksum>
        <open-checksum type="sha256">${sha256(bytes)}</open-checksum>
        <location href="${name}"/>
        <size>${compressed.length}</size><open-size>${bytes.length}</open-size>
      </data></repomd>`,
    );
  }
}

export interface ServedRepository {
  /** Without a slash at its end. */
  readonly url: string;
  /** Paths that were asked for, with the status of the answer: "/repodata/repomd.xml 304". */
  readonly requests: string[];
}

/** Answers in the place of the files, and returns true, or leaves it to them. */
export type Instead = (request: IncomingMessage, response: ServerResponse) => boolean;

/** A file server with ETags over a directory, closed after the test. */
export async function serveFiles(
  directory: string,
  instead: Instead = () => false,
): Promise<ServedRepository> {
  const requests: string[] = [];
  const { url } = await serve((request, response) => {
    response.on('close', () => requests.push(`${request.url ?? ''} ${response.statusCode}`));
    if (instead(request, response)) return;
    let content: Buffer;
    try {
      content = readFileSync(join(directory, decodeURIComponent(new URL(request.url ?? '/', url).pathname)));
    } catch {
      response.writeHead(404).end('<html>not here</html>');
      return;
    }
    const etag = `"${sha256(content).slice(0, 16)}"`;
    if (request.headers['if-none-match'] === etag) response.writeHead(304, { etag }).end();
    else response.writeHead(200, { etag, 'content-length': content.length }).end(content);
  });
  return { url, requests };
}

/** A metalink as MirrorManager makes it. `older`: digests of repomd.xml that mirrors may still have. */
export function metalink(
  baseUrls: readonly string[],
  repomdSha256: string,
  older: readonly string[] = [],
): string {
  const hashes = (hex: string) =>
    `<verification><hash type="md5">${'0'.repeat(32)}</hash><hash type="sha256">${hex}</hash></verification>`;
  const alternates = older.map(
    (hex) => `<mm0:alternate><mm0:timestamp>1</mm0:timestamp><size>1</size>${hashes(hex)}</mm0:alternate>`,
  );
  const urls = baseUrls.map(
    (url, at) =>
      `<url protocol="http" type="http" location="DE" preference="${100 - at}">${url}/repodata/repomd.xml</url>`,
  );
  return `<?xml version="1.0" encoding="utf-8"?>
<metalink version="3.0" xmlns="http://www.metalinker.org/" xmlns:mm0="http://fedorahosted.org/mirrormanager">
  <files><file name="repomd.xml">
    <mm0:timestamp>2</mm0:timestamp><size>1</size>${hashes(repomdSha256)}
    <mm0:alternates>${alternates.join('')}</mm0:alternates>
    <resources maxconnections="1">
      <url protocol="rsync" type="rsync" location="DE" preference="100">rsync://mirror.example/repodata/repomd.xml</url>
      ${urls.join('\n')}
    </resources>
  </file></files>
</metalink>`;
}
