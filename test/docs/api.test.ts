import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { describe, expect, jest, test } from '@jest/globals';
import { darkserver } from '../support/darkserver.ts';
import { startFixtureKoji } from '../support/fixture-koji.ts';
import { startServing } from '../support/serving.ts';

jest.setTimeout(120_000);

const API = readFileSync(new URL('../../docs/api.md', import.meta.url), 'utf8');

const OF_THE_INDEX = ['last_seen', 'indexed_at', 'next_cursor'];

/** Each block for a shell, and the answer that the page shows of it. */
const EXAMPLES = [...API.matchAll(/^```sh\n([^]*?)^```\n(?:\n```json\n([^]*?)^```)?/gm)].map(
  ([, block = '', answer]) => ({
    commands: block.split(/\n(?=curl )/).map((command) => command.trim()),
    answer: answer === undefined ? null : withoutGaps(JSON.parse(answer)),
  }),
);

/** "…" is what the page leaves out. Times are not those of the page, and cursors mean what they do in one index. */
function withoutGaps(shown: unknown): unknown {
  if (Array.isArray(shown)) return shown.map(withoutGaps);
  if (typeof shown !== 'object' || shown === null) return shown;
  return Object.fromEntries(
    Object.entries(shown)
      .filter(([name]) => name !== '…')
      .map(([name, value]) => [
        name,
        typeof value === 'string' && OF_THE_INDEX.includes(name) ? expect.any(String) : withoutGaps(value),
      ]),
  );
}

describe('docs/api.md', () => {
  test('has links that lead somewhere', () => {
    const anchors = [...API.matchAll(/^#+ (.*)$/gm)].map(([, title = '']) =>
      title.toLowerCase().replaceAll(' ', '-'),
    );
    const links = [...API.matchAll(/\]\(#([^)]*)\)/g)].map(([, anchor = '']) => anchor);
    expect(links.length).toBeGreaterThan(1);
    expect(links.filter((anchor) => !anchors.includes(anchor))).toEqual([]);
  });

  test('shows what is answered', async () => {
    const { hub, config } = await startFixtureKoji();
    await darkserver(['--config', config, '--log-level', 'error', 'backfill', '--all']);
    const { url } = await startServing(['--config', config]);
    expect(EXAMPLES.length).toBeGreaterThan(10);
    for (const { commands, answer } of EXAMPLES) {
      for (const command of commands) {
        const line = command.replace('curl ', 'curl -s ').replace('http://localhost:8080', url);
        const { stdout } = await promisify(execFile)('bash', ['-c', line]);
        const got = stdout.replaceAll(hub.topurl, 'https://koji.example.org/kojifiles');
        expect([command, JSON.parse(got)]).toMatchObject([
          command,
          answer ?? expect.not.objectContaining({ error: expect.anything() }),
        ]);
      }
    }
  });
});
