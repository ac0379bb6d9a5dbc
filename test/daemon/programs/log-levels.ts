/** Logs a line of each level, in the format FORMAT. */
import { LOG_LEVELS, createLog } from '../../../daemon/log.ts';

const log = createLog('debug', process.argv[2] === 'json' ? 'json' : 'text');
for (const level of LOG_LEVELS) log[level](`a line of ${level}`, { koji_build_id: 3 });
