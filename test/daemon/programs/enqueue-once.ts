/** Opens the database and queues one build. */
import { openStore } from '../../../daemon/store/sqlite-store.ts';
import { PRIORITY } from '../../../daemon/store/types.ts';
import type { KojiBuildId } from '../../../shared/koji.ts';

const [path = '', kojiBuildId = ''] = process.argv.slice(2);
const store = openStore(path);
const { queued } = await store.jobs.enqueue('fedora', [Number(kojiBuildId) as KojiBuildId], PRIORITY.push);
console.log(`queued ${queued}`);
await store.close();
