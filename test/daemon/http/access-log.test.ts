import { expect, test } from '@jest/globals';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { createAccessLog } from '../../../daemon/http/access-log.ts';
import { createMetrics } from '../../../daemon/http/metrics.ts';
import { recordingLog } from '../../support/recording-log.ts';

const request = {
  id: 'a-1',
  method: 'GET',
  url: '/buildids/00',
  ip: '192.0.2.7',
  routeOptions: { url: '/buildids/:buildIds' },
} as FastifyRequest;

/** The lines about one request that took so many milliseconds; it is counted in any case. */
async function linesOf(elapsedTime: number, shows: { showsDebug?: boolean }): Promise<string[]> {
  const log = { ...recordingLog(), ...shows };
  const metrics = createMetrics();
  const reply = { statusCode: 200, elapsedTime } as FastifyReply;
  await new Promise<void>((done) => {
    createAccessLog(log, metrics)(request, reply, done);
  });
  expect(await metrics.render(null)).toContain('route="/buildids/:buildIds",status="200"} 1');
  return log.lines.map(({ level, message, fields }) => `${level} ${message} ${String(fields['peer'])}`);
}

test.each([
  ['a log that shows debug', 3, { showsDebug: true }, ['debug request 192.0.2.7']],
  ['a log that does not say what it shows', 3, {}, ['debug request 192.0.2.7']],
  ['one that shows none', 3, { showsDebug: false }, []],
  ['one that shows none, of a slow request', 3000, { showsDebug: false }, ['info slow request 192.0.2.7']],
])('%s', async (_what, milliseconds, shows, lines) => {
  expect(await linesOf(milliseconds, shows)).toEqual(lines);
});
