import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { createMetrics } from '../../../daemon/http/metrics.ts';
import type { StatusAnswer } from '../../../shared/api.ts';

const DOCS = new URL('../../../docs/', import.meta.url);

/** A status that leaves no gauge without a value. */
const STATUS: StatusAnswer = {
  ...{ builds: 1, rpms: 2, files: 3, build_ids: 4, database_bytes: 5 },
  queue: { queued: 1, running: 1, failed: 1, parked: 1 },
  koji: {
    fedora: {
      lag_seconds: 1,
      last_push: '2026-01-01T00:00:00.000Z',
      last_reconciled: '2026-01-01T00:00:00.000Z',
      sweep: { progress: 0.5, last_ended: '2026-01-01T00:00:00.000Z', found: 1 },
      repositories: {
        updates: {
          ...{ packages: 1, failures: 1, error: null },
          ...{ last_refreshed: null, last_seen: '2026-01-01T00:00:00.000Z' },
        },
      },
    },
  },
};

interface Row {
  readonly name: string;
  readonly type: string;
  readonly labels: readonly string[];
  readonly meaning: string;
}

async function exposition(): Promise<string> {
  const metrics = createMetrics();
  metrics.observeRequest('GET', '/x', 200, 0.1);
  metrics.countPush('fedora', 1, 1);
  return metrics.render(STATUS);
}

/** What /metrics says of its own metrics, sorted by name; `le` is every histogram's. */
function toldIn(text: string): Row[] {
  const types = new Map([...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => [name, type]));
  return [...text.matchAll(/^# HELP (\S+) (.*)$/gm)]
    .map(([, name = '', meaning = '']): Row => {
      const samples = text.matchAll(new RegExp(`^${name}(?:_bucket)?\\{(.*)\\} `, 'gm'));
      const labels = [...samples].flatMap(([, list = '']) =>
        [...list.matchAll(/(\w+)="/g)].map(([, l = '']) => l),
      );
      const type = types.get(name) ?? '';
      return { name, type, labels: [...new Set(labels)].filter((label) => label !== 'le').sort(), meaning };
    })
    .filter(({ name }) => name.startsWith('darkserver_'))
    .sort((a, b) => a.name.localeCompare(b.name));
}

/** The rows of metrics.md: | `name` | type | `label`, … | meaning |. */
function documented(): Row[] {
  const text = readFileSync(new URL('metrics.md', DOCS), 'utf8');
  return [...text.matchAll(/^\| `(darkserver_\w+)` *\| (\w+) *\| (.*?) *\| (.*?) *\|$/gm)].map(
    ([, name = '', type = '', labels = '', meaning = '']) => ({
      name,
      type,
      labels: [...labels.matchAll(/`(\w+)`/g)].map(([, label = '']) => label),
      meaning,
    }),
  );
}

describe('the table of metrics in docs/metrics.md', () => {
  test('says of each what /metrics says', async () => {
    const told = toldIn(await exposition());
    expect(told.length).toBeGreaterThan(8);
    expect(documented()).toEqual(told);
  });

  test('leaves out only what every program under Node has', async () => {
    const names = [...(await exposition()).matchAll(/^# TYPE (\S+) /gm)].map(([, name]) => name ?? '');
    const others = names.filter((name) => !name.startsWith('darkserver_'));
    expect(others.filter((name) => !/^(process|nodejs)_/.test(name))).toEqual([]);
  });

  test('has every metric that the example alerts ask for, and operating.md the section that they name', () => {
    const alerts = readFileSync(new URL('alerts.yml', DOCS), 'utf8');
    const asked = [...alerts.matchAll(/darkserver_\w+/g)].map(([name]) =>
      name.replace(/_(bucket|count)$/, ''),
    );
    const known = documented().map(({ name }) => name);
    expect(asked.length).toBeGreaterThan(5);
    expect(asked.filter((name) => !known.includes(name))).toEqual([]);
    const operating = readFileSync(new URL('operating.md', DOCS), 'utf8');
    const sections = [...operating.matchAll(/^#+ (.*)$/gm)].map(([, title]) => title);
    const named = [...alerts.matchAll(/runbook: 'operating\.md: (.*)'/g)].map(([, title]) => title);
    expect(named).toHaveLength([...alerts.matchAll(/- alert:/g)].length);
    expect(named.filter((title) => !sections.includes(title))).toEqual([]);
  });
});
