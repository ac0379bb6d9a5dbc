import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { decodeAnswer, decodeMultiCall, encodeCall, multiCall } from '../../../daemon/koji/codec.ts';
import type { Call } from '../../../daemon/koji/codec.ts';
import type { ErrorCode } from '../../../shared/errors.ts';
import { failing } from '../../support/koji-http.ts';
import { SHARED_DATA, describeWithSharedData } from '../../support/shared-data.ts';

function answer(value: string): Buffer {
  return Buffer.from(
    `<?xml version='1.0'?>\n<methodResponse><params><param><value>${value}</value></param></params></methodResponse>\n`,
  );
}

const decode = (xml: string | Uint8Array): Promise<unknown> =>
  decodeAnswer(typeof xml === 'string' ? Buffer.from(xml) : xml, 'getBuild at http://hub');

describe('what is sent', () => {
  const encoded = (...params: Call['params']): string =>
    /<params>(.*)<\/params>/s
      .exec(encodeCall({ method: 'x', params }))?.[1]
      ?.replaceAll(/<\/?(param|value)>/g, '') ?? '';

  test.each([
    [3, '<int>3</int>'],
    [-(2 ** 31), '<int>-2147483648</int>'],
    [2 ** 31 - 1, '<int>2147483647</int>'],
    [2 ** 31, '<i8>2147483648</i8>'],
    [-(2 ** 31) - 1, '<i8>-2147483649</i8>'],
    [2 ** 53 - 1, '<i8>9007199254740991</i8>'],
    [1795200955.1413841, '<double>1795200955.1413841</double>'],
    [null, '<nil/>'],
    [true, '<boolean>1</boolean>'],
    ['naïve 你好 😀', '<string>naïve 你好 😀</string>'],
    ['a<b & c]]>', '<string><![CDATA[a<b & c]]]]><![CDATA[>]]></string>'],
    [[], '<array><data/></array>'],
    [{ a: [1] }, '<struct><member><name>a</name><array><data><int>1</int></data></array></member></struct>'],
  ])('%j', (value, xml) => {
    expect(encoded(value)).toBe(xml);
  });

  test('keyword arguments are a last struct with __starstar', () => {
    expect(encodeCall({ method: 'listRPMs', params: [3], keywords: { arches: 'x86_64' } })).toContain(
      '<param><value><int>3</int></value></param><param><value><struct>' +
        '<member><name>arches</name><value><string>x86_64</string></value></member>' +
        '<member><name>__starstar</name><value><boolean>1</boolean></value></member></struct></value></param>',
    );
  });

  test.each([
    ['undefined', undefined, /x: a value of type undefined cannot be sent/],
    ['a bigint', 3n, /a value of type bigint/],
    ['NaN', Number.NaN, /NaN/],
    ['infinity', -Infinity, /-Infinity/],
    ['an integer that is none any more', 2 ** 53, /9007199254740992/],
    ['NUL', 'a\0b', /a control character/],
    ['half a surrogate pair', '\ud83d', /a control character/],
    [
      'a member that is undefined',
      { queryOpts: { limit: undefined } },
      /x: queryOpts: limit: a value of type undefined/,
    ],
    ['a function', [() => 1], /a value of type function/],
  ])('%s is refused', (_name, value, message) => {
    expect(() => encodeCall({ method: 'x', params: [value as never] })).toThrow(
      failing('bad_input', message),
    );
  });

  test('what holds itself is refused', () => {
    const circle: unknown[] = [];
    circle.push(circle);
    expect(() => encodeCall({ method: 'x', params: [circle as never] })).toThrow(/nested more than 32 deep/);
  });
});

describe('what arrives', () => {
  test('every kind of value', async () => {
    const members = [
      ['i', '<int>-5</int>', -5],
      ['i4', '<i4>+7</i4>', 7],
      ['i8', '<i8>1099511627776</i8>', '1099511627776'],
      ['d', '<double>1795204537.902445</double>', 1795204537.902445],
      ['b', '<boolean>1</boolean>', true],
      ['n', '<nil/>', null],
      ['s', '<string>na&#239;ve &lt;你好&gt; &amp; 😀</string>', 'naïve <你好> & 😀'],
      ['e', '<string></string>', ''],
      ['u', 'no type', 'no type'],
      ['64', '<base64>AAEC/w==</base64>', Buffer.from([0, 1, 2, 255])],
      ['t', '<dateTime.iso8601>20260101T00:00:00</dateTime.iso8601>', new Date(2026, 0, 1)],
      ['a', '<array><data><value><int>1</int></value></data></array>', [1]],
    ] as const;
    const xml = members
      .map(([name, value]) => `<member><name>${name}</name><value>${value}</value></member>`)
      .join('');
    expect(await decode(answer(`<struct>${xml}</struct>`))).toEqual(
      Object.fromEntries(members.map(([name, , value]) => [name, value])),
    );
  });

  test('an answer of many megabytes leaves others their turn', async () => {
    const strings = Array.from(
      { length: 50_000 },
      (_, i) => `<value><string>${i} 你好 ${'x'.repeat(50)}</string></value>`,
    );
    let turns = 0;
    const timer = setInterval(() => turns++, 0);
    const value = await decode(answer(`<array><data>${strings.join('')}</data></array>`));
    clearInterval(timer);
    expect(value).toHaveLength(50_000);
    expect((value as string[])[49_999]).toBe(`49999 你好 ${'x'.repeat(50)}`);
    expect(turns).toBeGreaterThan(1);
  });

  test('a fault is an error with its code; of a traceback the last line is told', async () => {
    const fault = (text: string): string =>
      `<?xml version='1.0'?><methodResponse><fault><value><struct><member><name>faultCode</name><value><int>1000</int>` +
      `</value></member><member><name>faultString</name><value><string>${text}</string></value></member></struct>` +
      `</value></fault></methodResponse>`;
    await expect(decode(fault("No such build: 'x'"))).rejects.toEqual(
      expect.objectContaining({
        code: 'hub_fault',
        faultCode: 1000,
        message: "getBuild at http://hub: the hub answers with fault 1000: No such build: 'x'",
      }),
    );
    await expect(
      decode(fault('Traceback (most recent call last):\n  File "x"\nException: Invalid order: y\n')),
    ).rejects.toEqual(failing('hub_fault', /fault 1000: Exception: Invalid order: y$/));
  });

  const whole = answer('<int>1</int>').toString();
  const fault = (value: string): string =>
    `<?xml version='1.0'?><methodResponse><fault>${value}</fault></methodResponse>`;
  test.each<[string, string | Uint8Array, RegExp]>([
    ['nothing', '', /getBuild at http:\/\/hub: the answer is not XML-RPC/],
    [
      'HTML',
      '<!DOCTYPE HTML PUBLIC "x">\n<html><head><title>Maintenance</title>',
      /page of HTML \(Maintenance\)/,
    ],
    ['HTML without a doctype', '\n<html lang="en"><p>hi', /page of HTML \(without a title\)/],
    ['JSON', '{"result":1}', /not XML-RPC/],
    ['other XML', '<?xml version="1.0"?><rss><a/></rss>', /ends after \d+ bytes without <\/methodResponse>/],
    ['a call', '<?xml version="1.0"?><methodCall></methodCall>', /without <\/methodResponse>/],
    ['half an answer', whole.slice(0, 60), /ends after 60 bytes without/],
    ['an answer with a tail', `${whole}<p>more</p>`, /something follows the answer/],
    ['two answers', whole + whole, /something follows the answer/],
    ['bytes that are no UTF-8', Buffer.from(whole.replace('<int>1</int>', 'é'), 'latin1'), /not UTF-8/],
    ['a control character', answer('<string>a\x07b</string>'), /control characters/],
    ['a control character by reference', answer('<string>a&#7;b</string>'), /control characters/],
    ['a tag of its own', answer('<integer>1</integer>'), /<integer>1" is no kind of value/],
    ['a number that is none', answer('<int>12abc</int>'), /<int>12abc" is no number/],
    ['a number without digits', answer('<i8></i8>'), /is no number/],
    ['a fraction for a whole number', answer('<int>1.5</int>'), /is no number/],
    ['a double that is none', answer('<double>x</double>'), /<double>x" is no number/],
    ['a double without bounds', answer('<double>1e999</double>'), /<double>1e999" is no number/],
    ['a boolean that is none', answer('<boolean>yes</boolean>'), /<boolean>yes" is no boolean/],
    [
      'no value',
      '<?xml version="1.0"?><methodResponse><params></params></methodResponse>',
      /<param> is missing/,
    ],
    ['no params', '<?xml version="1.0"?><methodResponse></methodResponse>', /<params> is missing/],
    [
      'two values',
      '<methodResponse><params><param><value>a</value></param><param><value>b</value></param></params></methodResponse>',
      /<\/params> is missing at character 55, where there is "<param>/,
    ],
    ['half a member', answer('<struct><member><name>a</name></member></struct>'), /<value> is missing/],
    ['a fault of nothing', fault(''), /getBuild at http:\/\/hub: /],
    ['a fault of a string', fault('<value>oops</value>'), /the fault has no code/],
    ['a fault without a code', fault('<value><struct></struct></value>'), /the fault has no code/],
    [
      '__proto__',
      answer(
        '<struct><member><name>__proto__</name><value><struct><member><name>state</name><value><int>1</int></value></member></struct></value></member></struct>',
      ),
      /"__proto__"/,
    ],
    [
      '__proto__ as nil',
      answer(
        '<array><data><value><struct><member><name>__proto__</name><value><nil/></value></member></struct></value></data></array>',
      ),
      /"__proto__"/,
    ],
    [
      'depth',
      answer('<array><data><value>'.repeat(10_000) + '</value></data></array>'.repeat(10_000)),
      /nested more than 32 deep/,
    ],
  ])('%s is refused', async (_name, xml, message) => {
    await expect(decode(xml)).rejects.toEqual(failing('hub_protocol', message));
    expect(({} as { state?: unknown }).state).toBeUndefined();
  });

  test('entities of its own are refused', async () => {
    const bomb = `<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "bbbb">]>${answer('<string>&a;</string>').toString().slice(22)}`;
    await expect(decode(bomb)).rejects.toEqual(failing('hub_protocol', /<methodResponse> is missing/));
    const unknown = answer('<string>&a;</string>');
    await expect(decode(unknown)).rejects.toEqual(failing('hub_protocol', /"&a;" is no character/));
  });

  test.each(['&', '&#;', '&#x;', '&#1114112;', '&#xd800;', '&LT;', '&lt'])(
    '%j is no character',
    async (text) => {
      await expect(decode(answer(`<string>${text}</string>`))).rejects.toEqual(
        failing('hub_protocol', /is no character|control characters/),
      );
    },
  );

  test('values that hold none', async () => {
    expect(await decode(answer(''))).toBe('');
    expect(await decode(answer('<string/>'))).toBe('');
    expect(await decode(answer('<struct/>'))).toEqual({});
    expect(await decode(answer('<array><data/></array>'))).toEqual([]);
    expect(await decode(answer('<array><data>\n</data></array>'))).toEqual([]);
  });

  test('whatever is left out of an answer, or is in it twice, is refused', async () => {
    const xml = answer(
      '<struct>\n<member>\n<name>a</name>\n<value><array><data>\n<value><int>1</int></value></data></array></value></member></struct>',
    ).toString();
    const pieces = xml.split(/(?=<)|(?<=>)/);
    const without = pieces.map((_, at) => pieces.toSpliced(at, 1).join(''));
    const twice = pieces.map((piece, at) => pieces.toSpliced(at, 0, piece).join(''));
    const harmless = /^(?:\s*|a|1|<\?xml .*)$/;
    for (const [at, piece] of pieces.entries()) {
      if (harmless.test(piece)) continue;
      await expect(decode(without[at] ?? '')).rejects.toEqual(failing('hub_protocol', /./));
      await expect(decode(twice[at] ?? '')).rejects.toEqual(failing('hub_protocol', /./));
    }
  });
});

describe('several calls in one', () => {
  const calls: Call[] = [
    { method: 'getBuild', params: [3] },
    { method: 'listRPMs', params: [], keywords: { buildID: 3 } },
  ];

  test('are sent as Koji wants them', () => {
    expect(multiCall(calls)).toEqual({
      method: 'multiCall',
      params: [
        [
          { methodName: 'getBuild', params: [3] },
          { methodName: 'listRPMs', params: [{ buildID: 3, __starstar: true }] },
        ],
      ],
    });
  });

  test('are answered in order', () => {
    expect(decodeMultiCall([[null], [[1, 2]]], calls, 'multiCall')).toEqual([null, [1, 2]]);
  });

  test.each([
    ['no array', 3, 'hub_protocol' as const, /multiCall: no array of 2 answers/],
    ['too few', [[1]], 'hub_protocol' as const, /no array of 2 answers/],
    ['an answer that is not wrapped', [[1], 2], 'hub_protocol' as const, /multiCall: listRPMs: neither/],
    ['two answers to one call', [[1], [1, 2]], 'hub_protocol' as const, /multiCall: listRPMs: neither/],
    [
      'a fault',
      [[1], { faultCode: 1000, faultString: 'no', traceback: [] }],
      'hub_fault' as const,
      /multiCall: listRPMs: .*1000: no/,
    ],
    [
      'a fault with a text for its code',
      [[1], { faultCode: 'x', faultString: 'no' }],
      'hub_protocol' as const,
      /listRPMs: neither/,
    ],
  ])('%s', (_name, value, code, message) => {
    expect(() => decodeMultiCall(value as never, calls, 'multiCall')).toThrow(failing(code, message));
  });
});

describeWithSharedData('every recorded answer', () => {
  const directory = `${SHARED_DATA}koji-lab/recordings/`;
  const names = existsSync(directory)
    ? readdirSync(directory).filter((name) => name.endsWith('.response.xml'))
    : [];

  test.each(names)('%s is read, or is a fault or no XML-RPC', async (name) => {
    const bytes = readFileSync(directory + name);
    const outcome = await decode(bytes).then(
      () => 'value',
      (error: unknown) => (error as { code: ErrorCode }).code,
    );
    const text = bytes.toString();
    const isFault = /^<\?xml version='1\.0'\?>\n<methodResponse>\n<fault>/.test(text);
    expect(outcome).toBe(isFault ? 'hub_fault' : text.startsWith('<?xml') ? 'value' : 'hub_protocol');
  });
});
