import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { loadConfig } from '../../../daemon/config/load.ts';
import { mutated } from '../mutations.ts';
import { allowance } from '../target.ts';
import type { FuzzTarget, OpenTarget } from '../target.ts';

interface ConfigInput {
  readonly bytes: Uint8Array;
  readonly environment: Readonly<Record<string, string>>;
}

const FULL = `[http]
listen = "0.0.0.0:8080"
[indexer]
workers = 3
scan = "auto"
[log]
level = "info"
[[koji]]
name = "mykoji"
hub = "https://koji.example.org/kojihub"
topurl = "https://koji.example.org/kojifiles"
skip_arches = ["src", "s390x"]
sigkeys = ["a15b79cc", "0123456789ABCDEF"]
reconcile_interval = "5m"
max_connections = 8
[[koji]]
name = 'other'
hub = """
https://other.example.org/kojihub"""
`;
const PIECES = [
  ...['[', ']', '[[koji]]\n', '[koji]\n', '=', '"', '"""', "'''", '\n', '{', '}', '.', '0x', '1e9999', 'nan'],
  ...[
    'koji',
    'http',
    '__proto__',
    'constructor',
    'a.b = 1\n',
    'listen',
    '[http.listen]\n',
    '1979-05-27',
    '#',
    ',',
  ],
];
const toml = fc
  .array(fc.constantFrom(...PIECES, ...FULL.split('\n').map((line) => `${line}\n`)), { maxLength: 40 })
  .map((pieces) => Buffer.from(pieces.join('')));
/** Deep and long where a parser might take to recursion or to looking back. */
const repeated = fc
  .tuple(fc.constantFrom(...PIECES), fc.integer({ min: 1, max: 5000 }))
  .map(([piece, times]) => Buffer.from(`a = ${piece.repeat(times)}`));

/** A configuration is an admin's, and a broken one is still told of by line rather than by a stack. */
export const config: FuzzTarget = {
  name: 'config',
  share: 40,
  open: (): OpenTarget<ConfigInput> => {
    const directory = mkdtempSync(join(tmpdir(), 'darkserver-fuzz-'));
    const path = join(directory, 'darkserver.toml');
    const example = readFileSync(new URL('../../../daemon/config/darkserver.toml', import.meta.url));
    const texts = [example, Buffer.from(FULL), Buffer.from(FULL)];
    const bytes = fc.oneof(
      {
        weight: 4,
        arbitrary: mutated(texts.map((text) => ({ bytes: text, fields: [] }))).map((each) => each.bytes),
      },
      { weight: 2, arbitrary: toml },
      { weight: 1, arbitrary: repeated },
    );
    const variables = [
      'HTTP_LISTEN',
      'INDEXER_WORKERS',
      'KOJI_HUB',
      'KOJI_SKIP_ARCHES',
      'KOJI_RECONCILE_INTERVAL',
      'X',
    ];
    const environment = fc.dictionary(
      fc.constantFrom(...variables.map((name) => `DARKSERVER_${name}`)),
      fc.oneof(
        fc.string({ maxLength: 20 }),
        fc.constantFrom('[::1]:80', '5m', `${'9'.repeat(40)}d`, 'http://'),
      ),
      { maxKeys: 2 },
    );
    return {
      inputs: fc.record({ bytes, environment }),
      errors: ['configuration', 'usage'],
      // A file is read with a buffer of a megabyte.
      mayAllocate: allowance(64, 1536),
      read: (input) => {
        writeFileSync(path, input.bytes);
        loadConfig({ file: path, environment: input.environment, flags: [], readToken: false });
      },
      close: () => {
        rmSync(directory, { recursive: true });
      },
    };
  },
};
