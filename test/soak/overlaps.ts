/** A line in which a worker says how a build ended for it. */
interface Line {
  readonly timestamp: string;
  readonly koji_build_id: number;
  readonly ms: number;
}

/** Milliseconds by which two clocks' readings of one moment may differ: a line is written after its build has ended. */
const SLACK = 50;

/** Builds that two workers had in hand at once, by the logs of all of them: from when to when, and when the other began. */
export function overlaps(logs: string): string[] {
  const byBuild = new Map<number, { from: number; to: number }[]>();
  for (const text of logs.split('\n')) {
    const line = parse(text);
    if (line === null) continue;
    const to = Date.parse(line.timestamp);
    const spans = byBuild.get(line.koji_build_id) ?? [];
    byBuild.set(line.koji_build_id, [...spans, { from: to - line.ms, to }]);
  }
  return [...byBuild].flatMap(([build, spans]) => {
    const inOrder = spans.toSorted((a, b) => a.from - b.from);
    return inOrder
      .slice(1)
      .filter((span, i) => span.from + SLACK < (inOrder[i]?.to ?? 0))
      .map((span) => `build ${build} was begun again at ${new Date(span.from).toISOString()}`);
  });
}

function parse(text: string): Line | null {
  if (!text.includes('"koji_build_id"') || !text.includes('"ms"')) return null;
  try {
    return JSON.parse(text) as Line;
  } catch {
    // A process that was killed may leave half a line.
    return null;
  }
}
