/** Works off what is queued, stops, and has nothing left that would keep the process. */
import { silentLog } from '../../../daemon/log.ts';
import { openStore } from '../../../daemon/store/sqlite-store.ts';
import { WorkerPool } from '../../../daemon/worker.ts';

const [path = ''] = process.argv.slice(2);
const store = openStore(path);
const pool = new WorkerPool(
  {
    jobs: store.jobs,
    indexBuilds: new Map([['fedora', () => Promise.resolve({ outcome: 'unknown' } as const)]]),
    log: silentLog,
  },
  2,
);
pool.start();
while ((await store.jobs.list({ limit: 1 })).length > 0)
  await new Promise((resolve) => setTimeout(resolve, 5));
await pool.stop();
await store.close();
console.log('stopped');
