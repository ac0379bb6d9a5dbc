import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { CONFIG_DIRECTORY, CONFIG_FILE, failure, load } from '../../support/config-file.ts';

describe('the push token', () => {
  const tokenFile = join(CONFIG_DIRECTORY, 'push.token');
  const toml = `[push]\ntoken_file = "push.token"\n`;

  test('is read and trimmed, and its place is shown in its stead', () => {
    writeFileSync(tokenFile, ' s3cret\n', { mode: 0o600 });
    const loaded = load(toml);
    expect(loaded.config.push.token).toBe('s3cret');
    expect(loaded.warnings).toEqual([]);
    expect(JSON.stringify(loaded.settings)).not.toContain('s3cret');
    expect(loaded.settings.find(({ key }) => key === 'push.token_file')?.value).toBe(
      JSON.stringify(tokenFile),
    );
  });

  test('that everybody may read is a warning', () => {
    writeFileSync(tokenFile, 's3cret\n');
    chmodSync(tokenFile, 0o644);
    expect(load(toml).warnings).toEqual([
      `push.token_file: ${tokenFile} is open to every user of this machine: chmod o= ${tokenFile}`,
    ]);
  });

  test.each([
    ['', 'is empty'],
    [' \n', 'is empty'],
    ['two words\n', 'one word'],
    ['a\nb\n', 'one word'],
    ['schlüssel', 'one word'],
  ])('%j is none', (content, message) => {
    writeFileSync(tokenFile, content);
    const error = failure(() => load(toml));
    expect(error.code).toBe('configuration');
    expect(error.message).toContain(`push.token_file (${CONFIG_FILE} line 2): ${tokenFile}`);
    expect(error.message).toContain(message);
  });

  test('that is not there is an error, unless the program takes no pushes', () => {
    const absent = toml.replace('push.token', 'absent.token');
    expect(failure(() => load(absent)).message).toContain('there is no such file');
    expect(load(absent, { readToken: false }).config.push.token).toBeNull();
  });

  test('in a directory is an error', () => {
    mkdirSync(join(CONFIG_DIRECTORY, 'tokens'), { recursive: true });
    expect(failure(() => load(toml.replace('push.token', 'tokens'))).message).toContain('it is a directory');
  });
});
