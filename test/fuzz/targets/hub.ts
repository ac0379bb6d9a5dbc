import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { KojiHubClient } from '../../../daemon/koji/hub-client.ts';
import type { KojiHttp } from '../../../daemon/koji/http.ts';
import { isPathSegment } from '../../../daemon/koji/paths.ts';
import { asKojiBuildId, asKojiRpmId } from '../../../shared/koji.ts';
import { DateTime, Float } from '../../support/stand-in-hub/values.ts';
import type { PyStruct, PyValue } from '../../support/stand-in-hub/values.ts';
import { methodResponse } from '../../support/stand-in-hub/xml-response.ts';
import { mutated } from '../mutations.ts';
import type { FuzzTarget, OpenTarget } from '../target.ts';

/** What is asked of a hub, and what it answers to one request after another, the last again and again. */
interface HubInput {
  readonly question: number;
  readonly answers: readonly Uint8Array[];
}

const KOJI_BUILD_ID = asKojiBuildId(1) ?? assert.fail();
const KOJI_RPM_ID = asKojiRpmId(4) ?? assert.fail();
const URL_OF_HUB = 'https://koji.example/kojihub';
/** Requests for one question: what asks for more goes round in circles. */
const REQUESTS_MAX = 100;

async function drain(pages: AsyncIterable<readonly { readonly kojiBuildId: number }[]>): Promise<void> {
  let last = 0;
  for await (const page of pages) {
    for (const { kojiBuildId } of page) {
      assert.ok(kojiBuildId > last, 'a build is listed twice');
      last = kojiBuildId;
    }
  }
}

const QUESTIONS: readonly ((hub: KojiHubClient) => Promise<unknown>)[] = [
  (hub) => hub.getVersion(),
  (hub) => hub.getBuild(KOJI_BUILD_ID),
  (hub) => hub.getBuild('hello-1.0-1'),
  (hub) => hub.getBuilds([KOJI_BUILD_ID, KOJI_BUILD_ID]),
  (hub) => hub.getBuildContent(KOJI_BUILD_ID),
  (hub) => hub.listTagged('tag'),
  async (hub) => {
    const keys = [...(await hub.getSignatures([KOJI_RPM_ID])).values()].flat();
    for (const key of keys) assert.ok(isPathSegment(key), 'a key would lead out of the file store');
  },
  (hub) => hub.newestSignatures(10),
  (hub) => hub.buildsOfRpms([KOJI_RPM_ID]),
  (hub) => drain(hub.listBuilds({ packageName: 'hello' })),
];

const BUILD: PyStruct = {
  build_id: 1,
  name: 'hello',
  epoch: null,
  version: '1.0',
  release: '1',
  state: 1,
  draft: false,
  volume_name: 'DEFAULT',
  completion_ts: new Float(1.5),
};
const RPM: PyStruct = {
  ...{ id: 4, build_id: 1, name: 'hello', epoch: 0, version: '1.0', release: '1', arch: 'x86_64' },
  ...{ size: 100, payloadhash: 'abcd', metadata_only: false },
};
const SIGNATURE: PyStruct = { rpm_id: 4, sigkey: 'a15b79cc', sighash: '00' };
const ARCHIVE: PyStruct = {
  ...{ id: 5, build_id: 1, filename: 'a.tar.gz', type_name: 'tar', btype: 'image', size: 9 },
  ...{
    checksum: 'ab',
    checksum_type: 2,
    metadata_only: false,
    arch: 'x86_64',
    group_id: 'a.b',
    relpath: null,
  },
};

const text = fc.oneof(
  fc.string({ maxLength: 12, unit: 'binary' }).filter((each) => !/\p{Cs}/u.test(each)),
  fc.constantFrom(
    '..',
    '.',
    '',
    '/',
    'a/b',
    'a\0',
    '\ud7ff',
    '__proto__',
    '9'.repeat(20),
    '<',
    ']]>',
    'x'.repeat(5000),
  ),
);
const { value: odd } = fc.letrec<{ value: PyValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, depthIdentifier: 'value' },
    fc.oneof(fc.constant(null), fc.boolean(), fc.integer(), fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n })),
    text,
    fc.double().map((each) => new Float(each)),
    fc.constantFrom('20240101T00:00:00', '', 'x').map((each) => new DateTime(each)),
    fc.uint8Array({ maxLength: 8 }),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(text, tie('value'), { maxKeys: 3 }),
  ),
}));

/** A struct of which a few members are replaced or missing. */
function almost(struct: PyStruct): fc.Arbitrary<PyValue> {
  const change = fc.tuple(fc.constantFrom(...Object.keys(struct)), fc.option(odd, { nil: undefined }));
  return fc.array(change, { maxLength: 2 }).map((changes) => {
    const members = { ...struct, ...Object.fromEntries(changes) };
    return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as PyStruct;
  });
}

const few = (struct: PyStruct): fc.Arbitrary<PyValue> => fc.array(almost(struct), { maxLength: 3 });
const full = fc
  .tuple(fc.nat({ max: 500 }), fc.constantFrom(0, 1, 199, 200, 201))
  .map(([first, count]) =>
    Array.from({ length: count }, (_, i): PyValue => ({ ...BUILD, build_id: first + i })),
  );
/** An answer of small things in great number, all of which are wrong. */
const crowd = fc
  .tuple(fc.constantFrom<PyValue>(null, {}, [], ''), fc.integer({ min: 1, max: 20_000 }))
  .map(([value, count]): PyValue => Array.from({ length: count }, () => value));
const answer = fc.oneof(
  odd,
  almost(BUILD),
  few(BUILD),
  few(SIGNATURE),
  fc.tuple(few(SIGNATURE)).map((one): PyValue => [one]),
  full,
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom(0, 1), crowd)
      .map(([times, each]): PyValue => (times === 0 ? each : [[each], [each], [each]])),
  },
  {
    weight: 4,
    arbitrary: fc
      .tuple(almost(BUILD), few(RPM), few(ARCHIVE))
      .map((parts): PyValue => parts.map((part) => [part])),
  },
);

const RECORDINGS = new URL('../../support/stand-in-hub/data/recordings/', import.meta.url);

function recordings(): Uint8Array[] {
  const names = readdirSync(RECORDINGS).filter((name) => name.endsWith('.response.xml'));
  return names.map((name) => readFileSync(new URL(name, RECORDINGS))).filter(({ length }) => length < 20_000);
}

export const hub: FuzzTarget = {
  name: 'hub',
  share: 70,
  open: (): OpenTarget<HubInput> => {
    const encoded = fc.array(
      answer.map((value) => Buffer.from(methodResponse(value))),
      { minLength: 1, maxLength: 3 },
    );
    const broken = mutated(recordings().map((bytes) => ({ bytes, fields: [] }))).map(({ bytes }) => [bytes]);
    return {
      inputs: fc.record({
        question: fc.nat({ max: QUESTIONS.length - 1 }),
        answers: fc.oneof({ weight: 2, arbitrary: encoded }, { weight: 1, arbitrary: broken }),
      }),
      errors: ['hub_protocol', 'hub_fault', 'not_found'],
      mayAllocate: ({ answers }) => 2 ** 20 + 64 * answers.reduce((sum, { length }) => sum + length, 0),
      read: async ({ question, answers }) => {
        let requests = 0;
        const postXml = (): Promise<Uint8Array> => {
          assert.ok(++requests <= REQUESTS_MAX, 'it asks without end');
          return Promise.resolve(answers[Math.min(requests, answers.length) - 1] ?? Buffer.alloc(0));
        };
        const http = { postXml } as unknown as KojiHttp;
        await QUESTIONS[question]?.(new KojiHubClient({ instance: 'fuzz', url: URL_OF_HUB, http }));
      },
    };
  },
};
