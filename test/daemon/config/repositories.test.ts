import { describe, expect, test } from '@jest/globals';
import { CONFIG_FILE, KOJI_TOML, failure, load } from '../../support/config-file.ts';

describe('repositories', () => {
  const UPDATES = '[[koji.repository]]\nname = "updates"\nbaseurl = "https://m.example/updates/"\n';
  const FEDORA =
    '[[koji.repository]]\nname = "fedora"\nmetalink = "https://l.example/metalink?repo=f40&arch=x86_64"\nrefresh_interval = "6h"\n';

  test('belong to the Koji above them, in the order of the file', () => {
    const { config } = load(`${KOJI_TOML}${UPDATES}${FEDORA}${KOJI_TOML.replace('ours', 'theirs')}${FEDORA}`);
    const fedora = {
      name: 'fedora',
      source: { kind: 'metalink', url: 'https://l.example/metalink?repo=f40&arch=x86_64' },
      refreshInterval: 21_600_000,
    };
    expect(config.koji.map(({ repositories }) => repositories)).toEqual([
      [
        {
          name: 'updates',
          source: { kind: 'baseurl', url: 'https://m.example/updates' },
          refreshInterval: 3_600_000,
        },
        fedora,
      ],
      [fedora],
    ]);
  });

  test('are listed with their origins', () => {
    const loaded = load(`${KOJI_TOML}${UPDATES}${FEDORA}`);
    const listed = loaded.settings.filter(({ key }) => key.startsWith('koji.repository.'));
    expect(listed.map(({ key, origin }) => [key, origin])).toEqual([
      ['koji.repository.name of "updates"', `${CONFIG_FILE} line 6`],
      ['koji.repository.baseurl of "updates"', `${CONFIG_FILE} line 7`],
      ['koji.repository.refresh_interval of "updates"', 'default'],
      ['koji.repository.name of "fedora"', `${CONFIG_FILE} line 9`],
      ['koji.repository.metalink of "fedora"', `${CONFIG_FILE} line 10`],
      ['koji.repository.refresh_interval of "fedora"', `${CONFIG_FILE} line 11`],
    ]);
  });

  test.each([
    [
      `${KOJI_TOML}${UPDATES}mirrolist = "x"\n`,
      'koji.repository.mirrolist (FILE line 8) is not known: did you mean koji.repository.mirrorlist?',
    ],
    [
      `${KOJI_TOML}${UPDATES}${FEDORA}[koji.repository.x]\n`,
      'koji.repository.x of "fedora" (FILE line 12) is not known: did you mean koji.repository.name?',
    ],
    [
      `${KOJI_TOML}[[koji.repositories]]\n`,
      'koji.repositories (FILE line 5) is not known: did you mean [[koji.repository]]?',
    ],
    ['[[repositry]]\n', 'repositry (FILE line 1) is not known: did you mean [[koji.repository]]?'],
    [
      `${KOJI_TOML}${UPDATES}mirrorlist = "https://l.example/list?x"\n`,
      'koji.repository.mirrorlist is "https://l.example/list?x" (FILE line 8): give exactly one of baseurl, mirrorlist, metalink',
    ],
    [
      `${KOJI_TOML}[[koji.repository]]\nname = "x"\n`,
      'koji.repository.baseurl is missing (FILE line 5): give exactly one of baseurl, mirrorlist, metalink',
    ],
    [
      `${KOJI_TOML}${UPDATES}${FEDORA}${UPDATES}`,
      'koji.repository.name of "updates" is "updates" (FILE line 13): give each repository of a Koji a name of its own',
    ],
    [
      `${KOJI_TOML}${UPDATES}${FEDORA.replace('f40', '$releasever')}`,
      'koji.repository.metalink of "fedora" is "https://l.example/metalink?repo=$releasever&arch=x86_64" (FILE line 10): give an http:// or https:// URL without user or fragment, $releasever and $basearch written out',
    ],
  ])('%j is wrong', (toml, message) => {
    const error = failure(() => load(toml));
    expect(error.code).toBe('configuration');
    expect(error.message).toBe(message.replaceAll('FILE', CONFIG_FILE));
  });

  test('cannot be given by the environment', () => {
    const environment = { DARKSERVER_KOJI_REPOSITORY: 'x' };
    expect(failure(() => load('', { environment })).message).toContain('is not known');
  });
});
