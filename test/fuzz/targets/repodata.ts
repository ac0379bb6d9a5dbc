import assert from 'node:assert/strict';
import fc from 'fast-check';
import { readMetalink, readMirrorlist } from '../../../daemon/repositories/metalink.ts';
import { PrimaryReader } from '../../../daemon/repositories/primary.ts';
import { readRepomd } from '../../../daemon/repositories/repomd.ts';
import { mutated, pushMutant } from '../mutations.ts';
import type { Mutant } from '../mutations.ts';
import { allowance } from '../target.ts';
import type { FuzzTarget, OpenTarget } from '../target.ts';

const HEX = 'ab'.repeat(32);
const BASE = 'http://m.example/';

const REPOMD = `<?xml version="1.0" encoding="UTF-8"?>
<repomd xmlns="http://linux.duke.edu/metadata/repo"><revision>1</revision>
<data type="other"><location href="repodata/other.xml.gz"/></data>
<data type="primary"><checksum type="sha256">${HEX}</checksum><open-checksum type="sha">${HEX.slice(24)}</open-checksum>
<location xml:base="${BASE}" href="repodata/primary.xml.gz"/><size>4968</size><open-size>45306</open-size></data></repomd>`;
const METALINK = `<metalink version="3.0" xmlns:mm0="x"><files><file name="repomd.xml"><size>1</size>
<verification><hash type="sha512">${HEX}${HEX}</hash></verification><mm0:alternates><mm0:alternate>
<verification><hash type="sha256">${HEX}</hash></verification></mm0:alternate></mm0:alternates><resources>
<url protocol="https" preference="100">${BASE}repodata/repomd.xml</url>
<url preference="99">rsync://m.example/repodata/repomd.xml</url></resources></file></files></metalink>`;
const MIRRORLIST = `# one\n${BASE}a/\nftp://f.example/\n\nhttps://m.example/b?x\n${BASE}c/repodata\r\n`;
const PRIMARY = `<metadata packages="2" xmlns:rpm="r"><package type="rpm"><name>a&amp;b</name><arch>noarch</arch>
<version epoch="0" ver="1" rel="2"/><time file="1" build="5"/><size package="100"/><location href="P/a.rpm"/>
<format><rpm:header-range start="44" end="90"/><file>/x</file></format></package><!-- c --><package type="rpm">
<name><![CDATA[b]]></name><arch>src</arch><version epoch="" ver="1" rel="2"/><size package="9"/>
<location xml:base="${BASE}d" href="b.rpm"/></package></metadata>`;

/** What XML is made of, whole and in halves. */
const PIECES = [
  ...[
    '<',
    '>',
    '/>',
    '</',
    '<!--',
    '-->',
    '<![CDATA[',
    ']]>',
    '<!DOCTYPE x [',
    '<!ENTITY a "b">',
    ']>',
    '&a;',
  ],
  ...[
    '&#0;',
    '&#x10ffff;',
    '&lt;',
    '<?xml version="1.1"?>',
    '\ufeff',
    '../',
    '/etc',
    'file:///x',
    'a'.repeat(300),
  ],
];

const READERS = {
  repomd: (mutant: Mutant) => {
    isInside(readRepomd(mutant.bytes, 'repomd.xml').location);
  },
  metalink: (mutant: Mutant) => {
    readMetalink(mutant.bytes, 'metalink').baseUrls.forEach(isBase);
  },
  mirrorlist: (mutant: Mutant) => {
    readMirrorlist(mutant.bytes).baseUrls.forEach(isBase);
  },
  primary: (mutant: Mutant) => {
    const reader = new PrimaryReader('primary.xml', ({ href, size, contentSize }) => {
      isInside(href);
      assert.ok(size >= (contentSize ?? 0), 'the content is larger than the file');
    });
    const push = (bytes: Uint8Array): void => {
      reader.write(bytes);
    };
    pushMutant({ push }, mutant);
    reader.end();
  },
};

function isInside(href: string): void {
  const isPath = !href.startsWith('/') && !href.split('/').includes('..') && !/^[a-z]+:/i.test(href);
  assert.ok(isPath || /^https?:\/\//.test(href), `${href} leads out of the repository`);
}

function isBase(url: string): void {
  assert.match(url, /^https?:\/\/.*\/$/);
}

interface RepodataInput extends Mutant {
  readonly kind: keyof typeof READERS;
}

function inputsOf(kind: keyof typeof READERS, text: string): fc.Arbitrary<RepodataInput> {
  const cut = text.split(/(?=[<>"/])/);
  const woven = fc
    .array(fc.constantFrom(...PIECES, ...cut), { maxLength: 60 })
    .map((pieces) => ({ bytes: Buffer.from(pieces.join('')), pieceBytes: 7 }));
  const changed = mutated([{ bytes: Buffer.from(text), fields: [] }]);
  return fc
    .oneof({ weight: 3, arbitrary: changed }, { weight: 1, arbitrary: woven })
    .map((each) => ({ ...each, kind }));
}

/** Mirrors are anybody's. */
export const repodata: FuzzTarget = {
  name: 'repodata',
  share: 60,
  open: (): OpenTarget<RepodataInput> => ({
    inputs: fc.oneof(
      inputsOf('repomd', REPOMD),
      inputsOf('metalink', METALINK),
      inputsOf('mirrorlist', MIRRORLIST),
      inputsOf('primary', PRIMARY),
    ),
    errors: ['format', 'limit'],
    mayAllocate: allowance(16),
    read: (input) => {
      READERS[input.kind](input);
    },
  }),
};
