import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type Markup, markup, name } from '../../../../daemon/http/pages/markup.ts';

describe('markup', () => {
  test('escapes texts, and leaves what it made itself', () => {
    const inner = markup`<b>${'<i>'}</b>`;
    expect(markup`<p title="${`"'`}">${inner}${'a & b'}</p>`.toString()).toBe(
      '<p title="&quot;&#39;"><b>&lt;i&gt;</b>a &amp; b</p>',
    );
  });

  test('joins lists, writes numbers, and leaves out what is not there', () => {
    expect(markup`${[1, 'a', [markup`<br>`, false]]}${null}`.toString()).toBe('1a<br>');
  });

  test('takes no text for its own, whatever it looks like', () => {
    const like = { toString: () => '<script>' } as unknown as Markup;
    expect(() => markup`${like}`.toString()).toThrow();
  });

  test('lets nothing out of an attribute or into a tag', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(markup`${text}`.toString()).not.toMatch(/[<>"'\0]|&(?!(?:amp|lt|gt|quot|#39);)/);
        expect(
          name(text)
            .toString()
            .replace(/<\/?(?:bdi|i)>/g, ''),
        ).not.toMatch(/[<>"'\0]/);
      }),
    );
  });
});

describe('a name', () => {
  test.each([
    ['/usr/bin/bash', '/usr/bin/bash'],
    ['/srv/ä ö/名前', '/srv/ä ö/名前'],
    ['a\u{1b}[31m\n', 'a<i>U+001B</i>[31m<i>U+000A</i>'],
    ['txt.\u{202e}exe\u{2066}', 'txt.<i>U+202E</i>exe<i>U+2066</i>'],
    [' a  b ', '<i>U+0020</i>a <i>U+0020</i>b<i>U+0020</i>'],
    ['a\u{a0}b\u{200b}\u{feff}', 'a<i>U+00A0</i>b<i>U+200B</i><i>U+FEFF</i>'],
    ['\0\u{85}\u{e000}\u{e0041}', '<i>U+0000</i><i>U+0085</i><i>U+E000</i><i>U+E0041</i>'],
    ['<b>\u{7}&', '&lt;b&gt;<i>U+0007</i>&amp;'],
  ])('%j shows what cannot be seen', (text, shown) => {
    expect(name(text).toString()).toBe(`<bdi>${shown}</bdi>`);
  });
});
