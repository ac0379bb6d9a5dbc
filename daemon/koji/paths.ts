import type { KojiBuildId } from '../../shared/koji.ts';
import { formatNvra } from '../../shared/nvr.ts';
import type { Nvr, Nvra } from '../../shared/nvr.ts';

/** Koji's name of the volume that lies at the top of its file store rather than under vol/. */
const DEFAULT_VOLUME = 'DEFAULT';

/**
 * True for what can be one directory's or file's name. Koji's names become paths and URLs here, so a
 * name that would climb out of the file store is refused where it is decoded. A name that merely
 * contains ".." is none: releases such as "0.1.git..1" were built before rpm forbade them.
 */
export function isPathSegment(name: string): boolean {
  const onlyDots = name === '.' || name === '..';
  return name.length > 0 && name.length <= 255 && !onlyDots && !/[/\p{Cc}\p{Cs}]/u.test(name);
}

/** Where a build's files lie, relative to topdir or topurl (koji.PathInfo.build). No trailing slash. */
export function buildDirectory(build: Nvr & { readonly volume: string }): string {
  const directory = `packages/${build.name}/${build.version}/${build.release}`;
  return build.volume === DEFAULT_VOLUME ? directory : `vol/${build.volume}/${directory}`;
}

/**
 * Where an RPM lies, relative to topdir or topurl: in its build's directory (a draft's is
 * "2,draft_1") under the RPM's own name, version and release, which need not be the build's.
 */
export function rpmPath(build: Nvr & { readonly volume: string }, rpm: Nvra): string {
  return `${buildDirectory(build)}/${rpm.arch}/${formatNvra(rpm)}.rpm`;
}

/** Where the copy of an RPM lies that is signed with a key (koji.PathInfo.signed): under data/signed of its build. */
export function signedRpmPath(build: Nvr & { readonly volume: string }, rpm: Nvra, sigkey: string): string {
  return `${buildDirectory(build)}/data/signed/${sigkey}/${rpm.arch}/${formatNvra(rpm)}.rpm`;
}

/** Where an archive lies, relative to topdir or topurl. */
export function archivePath(
  build: Nvr & { readonly volume: string },
  archive: { readonly directory: string; readonly filename: string },
): string {
  return `${buildDirectory(build)}/${archive.directory}/${archive.filename}`;
}

/** Where a content generator's description of a build lies, relative to topdir or topurl. */
export function metadataPath(build: Nvr & { readonly volume: string }): string {
  return `${buildDirectory(build)}/metadata.json`;
}

/**
 * The URL of a relative path under a base without a trailing slash. Everything but unreserved
 * characters is escaped: some file servers take a bare "+" for a blank, and a "%" or "#" of a name
 * would otherwise change the URL's meaning. A draft's comma means nothing to anybody, and people look
 * for ",draft_" in URLs.
 */
export function publishedUrl(topurl: string, relativePath: string): string {
  return `${topurl}/${relativePath.replace(/[^\w./,~!*'()-]/gu, encodeURIComponent)}`;
}

/** The page of a build in kojiweb, whose base URL ends without a slash. */
export function buildWebUrl(web: string, kojiBuildId: KojiBuildId): string {
  return `${web}/buildinfo?buildID=${kojiBuildId}`;
}
