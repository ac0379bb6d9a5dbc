import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { QUESTION_KINDS, readQuestion, readQuestionAs } from '../../../../daemon/http/pages/question.ts';

const SHA1 = 'e208b29f35421147499a89d029d117efe99bdc81';

const readings = (text: string) => readQuestion(text).map(({ as, text: taken }) => `${as} ${taken}`);

describe('a text is read as', () => {
  test.each([
    [SHA1.toUpperCase(), [`build-id ${SHA1}`]],
    [` ${SHA1}\n`, [`build-id ${SHA1}`]],
    [
      '0123456789abcdef',
      ['build-id 0123456789abcdef', 'prefix 0123456789abcdef', 'package 0123456789abcdef'],
    ],
    ['DeadBeef1', ['prefix deadbeef1', 'package DeadBeef1']],
    ['beef', ['package beef', 'build-id beef']],
    ['bash', ['package bash']],
    ['/usr/bin/bash', ['path /usr/bin/bash']],
    [
      `/usr/lib/debug/.build-id/e2/${SHA1.slice(2)}.debug`,
      [`build-id ${SHA1}`, `path /usr/lib/debug/.build-id/e2/${SHA1.slice(2)}.debug`],
    ],
    ['bash-5.2-1.fc40.x86_64', ['rpm bash-5.2-1.fc40.x86_64', 'build bash-5.2-1.fc40']],
    ['bash-5.2-1.fc40.x86_64.rpm', ['rpm bash-5.2-1.fc40.x86_64', 'build bash-5.2-1.fc40']],
    ['bash-5.2-1.fc40', ['build bash-5.2-1.fc40', 'rpm bash-5.2-1.fc40', 'package bash-5.2-1.fc40']],
    ['bash-0:5.2-1.fc40.x86_64', ['rpm bash-5.2-1.fc40.x86_64', 'build bash-5.2-1.fc40']],
    ['2:vim-9-1.x86_64', ['rpm vim-9-1.x86_64', 'build vim-9-1']],
    ['python3-foo-bar', ['build python3-foo-bar', 'package python3-foo-bar']],
    [
      'https://a.example/x86_64/bash-5.2-1.fc40.x86_64.rpm',
      ['rpm bash-5.2-1.fc40.x86_64', 'build bash-5.2-1.fc40'],
    ],
    ['fedora/123', ['koji-build fedora/123']],
    [
      'c++lib-1~rc1^git-1,draft_4',
      ['build c++lib-1~rc1^git-1,draft_4', 'package c++lib-1~rc1^git-1,draft_4'],
    ],
    [`${SHA1} 0123456789abcdef`, [`build-ids ${SHA1} 0123456789abcdef`]],
    [`x: BuildID[sha1]=${SHA1}, stripped`, [`build-id ${SHA1}`]],
    ['what is this', []],
    ['usr/bin/bash', []],
    ['  ', []],
  ])('%j', (text, expected) => {
    expect(readings(text)).toEqual(expected);
  });
});

describe('who says what a text is', () => {
  test('gets that and nothing else', () => {
    expect(readQuestionAs('package', SHA1)).toMatchObject([{ as: 'package', text: SHA1 }]);
    expect(readQuestionAs('build-ids', SHA1)).toMatchObject([{ as: 'build-ids', text: SHA1 }]);
    expect(readQuestionAs('path', '/a ')).toMatchObject([{ as: 'path', text: '/a ' }]);
  });

  test.each([
    ['build-id', 'xyz'],
    ['build-ids', 'none here'],
    ['prefix', 'abc'],
    ['rpm', 'bash'],
    ['build', 'bash'],
    ['koji-build', 'fedora/x'],
    ['package', 'a b'],
    ['path', 'usr/bin/x'],
  ] as const)('gets nothing where %s is not %j', (as, text) => {
    expect(readQuestionAs(as, text)).toEqual([]);
  });
});

test('what a question says of itself asks it again', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[a-f0-9./ -]{1,60}$/)), (text) => {
      for (const question of readQuestion(text)) {
        expect(readQuestionAs(question.as, question.text)).toEqual([question]);
      }
    }),
  );
  expect(QUESTION_KINDS).toHaveLength(8);
});
