import { BlockList, isIP } from 'node:net';

/**
 * This machine, and what it alone reaches at its own link: in clouds the keys of the machine. Private networks are
 * none of these, as lists of mirrors name an organisation's own to who asks from within.
 */
const local = new BlockList();
local.addSubnet('127.0.0.0', 8, 'ipv4');
local.addSubnet('0.0.0.0', 8, 'ipv4');
local.addSubnet('169.254.0.0', 16, 'ipv4');
local.addAddress('::1', 'ipv6');
local.addAddress('::', 'ipv6');
local.addSubnet('fe80::', 10, 'ipv6');

/** Whether a host, by its name in a URL, may be at a local address. */
export type MayBeLocal = (host: string) => boolean;

export function isLocalAddress(address: string): boolean {
  const version = isIP(address);
  return version !== 0 && local.check(address, version === 6 ? 'ipv6' : 'ipv4');
}

/**
 * The hosts of these URLs, which were configured, may be local ones, and all others where one of them is by its
 * name. Whatever else mirrors list and redirect to may not: it would be asked in this machine's name.
 */
export function localHosts(configured: readonly string[]): MayBeLocal {
  const hosts = new Set(configured.map((url) => new URL(url).hostname.replace(/^\[|\]$/g, '')));
  const isLocal = [...hosts].some((host) => /(^|\.)localhost$/.test(host) || isLocalAddress(host));
  return (host) => isLocal || hosts.has(host);
}
