import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';
import type { StatusAnswer } from '../../shared/api.ts';
import type { Lookup } from '../lookup/types.ts';
import { type Route, route } from './route.ts';

export interface HttpMetrics {
  observeRequest(method: string, route: string, status: number, seconds: number): void;
  countPush(instance: string, queued: number, alreadyQueued: number): void;
  /** Everything in Prometheus' text format; `status` is null when the store does not answer. */
  render(status: StatusAnswer | null): Promise<string>;
  readonly contentType: string;
}

/** Lookups take well under a millisecond, batches tens of them, so the buckets begin low. */
const SECONDS_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5];

/** A registry of its own: several servers in one process (tests) must not share numbers. */
export function createMetrics(): HttpMetrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const requests = new Histogram({
    name: 'darkserver_http_request_duration_seconds',
    help: 'Time from the request line to the last byte of the answer.',
    labelNames: ['method', 'route', 'status'],
    buckets: SECONDS_BUCKETS,
    registers,
  });
  const pushes = new Counter({
    name: 'darkserver_pushes_total',
    help: 'Announcements of builds that were accepted.',
    labelNames: ['instance'],
    registers,
  });
  const pushedBuilds = new Counter({
    name: 'darkserver_pushed_builds_total',
    help: 'Builds in accepted announcements, by whether they were waiting already.',
    labelNames: ['instance', 'outcome'],
    registers,
  });
  const setStatus = createStatusGauges(registry);

  return {
    observeRequest: (method, route, status, seconds) => {
      requests.observe({ method, route, status }, seconds);
    },
    countPush: (instance, queued, alreadyQueued) => {
      pushes.inc({ instance });
      pushedBuilds.inc({ instance, outcome: 'queued' }, queued);
      pushedBuilds.inc({ instance, outcome: 'already_queued' }, alreadyQueued);
    },
    render: (status) => {
      setStatus(status);
      return registry.metrics();
    },
    contentType: registry.contentType,
  };
}

type MakeGauge = <Label extends string>(name: string, help: string, ...labels: Label[]) => Gauge<Label>;

/** Gauges of what /api/v1/status says; without a status they are left out rather than shown as old. */
function createStatusGauges(registry: Registry): (status: StatusAnswer | null) => void {
  const gauge: MakeGauge = (name, help, ...labelNames) =>
    new Gauge({ name: `darkserver_${name}`, help, labelNames, registers: [registry] });

  const up = gauge('store_up', '1 if the database answered when this was asked for.');
  const rows = gauge('index_rows', 'Builds, RPMs, files with a build-id, distinct build-ids.', 'kind');
  const bytes = gauge('database_bytes', 'Size of the database with its write-ahead log.');
  const jobs = gauge('jobs', 'Builds in the queue by state.', 'state');
  const lag = gauge(
    'koji_lag_seconds',
    'How long the longest-waiting build has waited, or Koji has not been compared with.',
    'instance',
  );
  const pushed = gauge('koji_last_push_timestamp_seconds', 'When Koji last announced a build.', 'instance');
  const reconciled = gauge(
    'koji_last_reconciled_timestamp_seconds',
    'When the last comparison with Koji that succeeded began.',
    'instance',
  );
  const sweepProgress = gauge(
    'koji_sweep_progress_ratio',
    'The part of the slow comparison of every build that is done, where one is under way.',
    'instance',
  );
  const sweepEnded = gauge(
    'koji_sweep_last_ended_timestamp_seconds',
    'When every build had last been compared with Koji.',
    'instance',
  );
  const sweepFound = gauge(
    'koji_sweep_found_builds',
    'Builds that sweeps have found to differ from Koji, and nothing else had, since the index began.',
    'instance',
  );

  const setRepositories = createRepositoryGauges(gauge);

  return (status) => {
    setRepositories(status);
    const all = [rows, bytes, jobs, lag, pushed, reconciled, sweepProgress, sweepEnded, sweepFound];
    for (const each of all) each.reset();
    up.set(status === null ? 0 : 1);
    if (status === null) {
      bytes.remove();
      return;
    }
    for (const kind of ['builds', 'rpms', 'files', 'build_ids'] as const) rows.set({ kind }, status[kind]);
    bytes.set(status.database_bytes);
    for (const [state, count] of Object.entries(status.queue)) jobs.set({ state }, count);
    for (const [instance, facts] of Object.entries(status.koji)) {
      lag.set({ instance }, facts.lag_seconds);
      if (facts.last_push !== null) pushed.set({ instance }, Date.parse(facts.last_push) / 1000);
      if (facts.last_reconciled !== null) {
        reconciled.set({ instance }, Date.parse(facts.last_reconciled) / 1000);
      }
      const { progress, last_ended, found } = facts.sweep;
      if (progress !== null) sweepProgress.set({ instance }, progress);
      if (last_ended !== null) sweepEnded.set({ instance }, Date.parse(last_ended) / 1000);
      sweepFound.set({ instance }, found);
    }
  };
}

function createRepositoryGauges(gauge: MakeGauge): (status: StatusAnswer | null) => void {
  const packages = gauge(
    'repository_packages',
    'Packages of a YUM repository that RPMs are matched to.',
    'instance',
    'repository',
  );
  const seen = gauge(
    'repository_last_seen_timestamp_seconds',
    'When a YUM repository last said that these are its packages.',
    'instance',
    'repository',
  );
  const failures = gauge(
    'repository_refresh_failures',
    'Refreshes of a YUM repository that have failed since the last that did not.',
    'instance',
    'repository',
  );

  return (status) => {
    for (const each of [packages, seen, failures]) each.reset();
    for (const [instance, { repositories }] of Object.entries(status?.koji ?? {})) {
      for (const [repository, facts] of Object.entries(repositories)) {
        packages.set({ instance, repository }, facts.packages);
        failures.set({ instance, repository }, facts.failures);
        if (facts.last_seen !== null) seen.set({ instance, repository }, Date.parse(facts.last_seen) / 1000);
      }
    }
  };
}

/** GET /metrics. A store that does not answer is a fact to report, not a reason to report nothing. */
export function metricsRoutes(metrics: HttpMetrics, lookup: Lookup): Route[] {
  const { contentType } = metrics;
  return [
    route({
      method: 'GET',
      path: '/metrics',
      operation: 'getMetrics',
      tag: 'operation',
      summary: 'Numbers about the server for Prometheus',
      params: {},
      answer: { contentType, description: "Prometheus' text format." },
      errors: [],
      handle: async (_question, reply) => {
        const status = await lookup.status().catch(() => null);
        void reply.type(contentType);
        return metrics.render(status);
      },
    }),
  ];
}
