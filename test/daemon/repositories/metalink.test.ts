import { describe, expect, test } from '@jest/globals';
import { readMetalink, readMirrorlist } from '../../../daemon/repositories/metalink.ts';
import { metalink } from '../../support/yum-repository.ts';

const [NEW, OLD] = ['ab'.repeat(32), 'cd'.repeat(32)];
const BASES = ['http://one.example', 'https://two.example/a'];
const LINK = metalink(BASES, NEW, [OLD]);

const read = (text: string) => readMetalink(Buffer.from(text), 'http://l.example/');

describe('a metalink', () => {
  test('names mirrors by http and https, and every repomd.xml that is good', () => {
    expect(read(LINK)).toEqual({
      baseUrls: ['http://one.example/', 'https://two.example/a/'],
      repomds: [
        { type: 'sha256', hex: NEW },
        { type: 'sha256', hex: OLD },
      ],
    });
  });

  test('is gone by its strongest digest', () => {
    const sha512 = `<hash type="sha512">${'ef'.repeat(64)}</hash></verification>`;
    expect(read(LINK.replace('</verification>', sha512)).repomds?.[0]).toEqual({
      type: 'sha512',
      hex: 'ef'.repeat(64),
    });
  });

  test('may list files beside repomd.xml, which are no matter', () => {
    const other = `<file name="other.xml"><verification><hash type="sha256">${'00'.repeat(32)}</hash></verification><resources><url preference="200">http://three.example/repodata/repomd.xml</url></resources></file>`;
    expect(read(LINK.replace('<files>', `<files>${other}`))).toEqual(read(LINK));
  });

  test.each([
    ['http://user:word@x.example/repodata/repomd.xml'],
    ['http://x.example/repodata/repomd.xml?x=1'],
    ['http://x.example/repodata/other.xml'],
    ['http://'],
    ['file:///repodata/repomd.xml'],
  ])('with the URL %s has a mirror less', (url) => {
    expect(read(LINK.replace('http://one.example/repodata/repomd.xml', url)).baseUrls).toEqual([
      'https://two.example/a/',
    ]);
  });

  test('is good for a hundred of them: a file is compared with each', () => {
    const more = `<verification><hash type="sha256">${NEW}</hash></verification>`.repeat(200);
    expect(read(LINK.replace('</resources>', `</resources>${more}`)).repomds).toHaveLength(100);
  });

  test.each([
    ['<html><body/></html>', /^http:\/\/l\.example\/: it begins with <html> and is no metalink/],
    ['', /not well-formed XML/],
    [LINK.slice(0, 600), /not well-formed XML/],
    [LINK.replaceAll('sha256', 'sha1'), /it gives no SHA-256 or SHA-512 of repomd\.xml/],
    [LINK.replaceAll(NEW, 'x').replaceAll(OLD, 'ab'), /it gives no SHA-256 or SHA-512/],
    [LINK.replaceAll('"repomd.xml"', '"other.xml"'), /it gives no SHA-256 or SHA-512/],
  ])('%j is none', (text, message) => {
    expect(() => read(text)).toThrow(
      expect.objectContaining({ code: 'format', message: expect.stringMatching(message) }),
    );
  });
});

test('a mirrorlist has a base URL in each line, and a repository once', () => {
  const text = `# repo = x\r\nhttp://a.example/x/\r\n  https://b.example//\nhttp://a.example/x\nftp://c.example\n\nhttp://d.example/?y`;
  expect(readMirrorlist(Buffer.from(text))).toEqual({
    baseUrls: ['http://a.example/x/', 'https://b.example/'],
    repomds: null,
  });
});
