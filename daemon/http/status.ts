import { noQuery, statusAnswer } from '../../shared/api.ts';
import type { Lookup } from '../lookup/types.ts';
import { type Route, route } from './route.ts';

/** /api/v1/status: how much is in the index, and how far behind each Koji it is. */
export function statusRoutes(lookup: Lookup): Route[] {
  return [
    route({
      method: 'GET',
      path: '/api/v1/status',
      operation: 'getStatus',
      tag: 'operation',
      summary: 'What is in the index and in the queue, and how far behind each Koji it is',
      params: {},
      query: noQuery,
      answer: statusAnswer,
      errors: [400],
      handle: () => lookup.status(),
    }),
  ];
}
