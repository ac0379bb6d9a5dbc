import { createReadStream, readdirSync, statSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { pipeline } from 'node:stream';

interface Span {
  readonly start: number;
  /** The last byte, as HTTP counts. */
  readonly end: number;
}

/** RFC 9110's Range with one range; "ignored" for what Apache answers in full. */
function parseRange(header: string | undefined, size: number): Span | 'ignored' | 'unsatisfiable' {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? '');
  const [, from = '', to = ''] = match ?? [];
  if (match === null || (from === '' && to === '')) return 'ignored';
  if (from !== '' && to !== '' && Number(to) < Number(from)) return 'ignored';
  const start = from === '' ? Math.max(0, size - Number(to)) : Number(from);
  const end = from === '' || to === '' ? size - 1 : Math.min(Number(to), size - 1);
  return start >= size ? 'unsatisfiable' : { start, end };
}

/**
 * The file store as a hub's web server publishes it. Files are known by the path under which they are
 * published and lie anywhere on disk, unchanged: moving a build moves names.
 */
export class PublishedFiles {
  readonly #files = new Map<string, string>();

  /** Publishes a topdir as it stands now; symlinks are followed, as Apache does. */
  addDirectory(directory: string, under = ''): void {
    for (const name of readdirSync(directory)) {
      const path = join(directory, name);
      const stats = statSync(path, { throwIfNoEntry: false });
      if (stats?.isDirectory() === true) this.addDirectory(path, `${under}${name}/`);
      else if (stats?.isFile() === true) this.#files.set(under + name, path);
    }
  }

  add(published: string, file: string): void {
    this.#files.set(published, file);
  }

  /** Where a published file lies on disk. */
  find(published: string): string | undefined {
    return this.#files.get(published);
  }

  /** Everything published, e.g. packages/hello/1.0/2/x86_64/hello-1.0-2.x86_64.rpm. */
  paths(): string[] {
    return [...this.#files.keys()];
  }

  remove(published: string): void {
    this.#files.delete(published);
  }

  removeDirectory(directory: string): void {
    for (const path of this.paths()) if (path.startsWith(`${directory}/`)) this.#files.delete(path);
  }

  moveDirectory(from: string, to: string): void {
    for (const [path, file] of [...this.#files]) {
      if (!path.startsWith(`${from}/`)) continue;
      this.#files.delete(path);
      this.#files.set(to + path.slice(from.length), file);
    }
  }

  /** Answers as Apache does for static files: ranges, ETag, Last-Modified, conditions. */
  serve(published: string, request: IncomingMessage, response: ServerResponse): void {
    const file = this.#files.get(published);
    const stats = file === undefined ? undefined : statSync(file, { throwIfNoEntry: false });
    if (file === undefined || stats === undefined) {
      response
        .writeHead(404, { 'Content-Type': 'text/html; charset=iso-8859-1' })
        .end('<h1>Not Found</h1>\n');
      return;
    }
    const { size } = stats;
    const etag = `"${size.toString(16)}-${Math.floor(stats.mtimeMs * 1000).toString(16)}"`;
    const modified = stats.mtime.toUTCString();
    const { range, 'if-range': ifRange, 'if-none-match': ifNoneMatch } = request.headers;
    response.setHeader('Accept-Ranges', 'bytes').setHeader('ETag', etag).setHeader('Last-Modified', modified);
    if (ifNoneMatch === etag) {
      response.writeHead(304).end();
      return;
    }
    const unchanged = ifRange === undefined || ifRange === etag || ifRange === modified;
    const span = unchanged ? parseRange(range, size) : 'ignored';
    if (span === 'unsatisfiable') {
      // Apache 2.4 leaves out the Content-Range that RFC 9110 recommends.
      response
        .writeHead(416, { 'Content-Type': 'text/html; charset=iso-8859-1' })
        .end('<h1>no such range</h1>\n');
      return;
    }
    const { start, end } = span === 'ignored' ? { start: 0, end: size - 1 } : span;
    if (span !== 'ignored') response.setHeader('Content-Range', `bytes ${start}-${end}/${size}`);
    response.writeHead(span === 'ignored' ? 200 : 206, {
      'Content-Type': published.endsWith('.rpm') ? 'application/x-rpm' : 'application/octet-stream',
      'Content-Length': end - start + 1,
    });
    if (request.method === 'HEAD' || size === 0) response.end();
    // A client that leaves early is no error here.
    else pipeline(createReadStream(file, { start, end }), response, () => undefined);
  }
}
