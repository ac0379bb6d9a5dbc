/** The JSON of /api/v1 and of upstream's routes: one schema each, from which the types follow. */
export * from './api/answers.ts';
export { MAX_BATCH, MAX_PAGE, MAX_PATH, MAX_PUSH } from './api/limits.ts';
export * from './api/match.ts';
export * from './api/push.ts';
export * from './api/questions.ts';
export * from './api/status.ts';
export * from './api/upstream.ts';
