/** Claims and completes, and says each build, until it gets one that is STOP or more. */
import { openStore } from '../../../daemon/store/sqlite-store.ts';

const [path = '', worker = '', stop = ''] = process.argv.slice(2);
const store = openStore(path);
console.log('ready');
for (let kojiBuildId = 0; kojiBuildId < Number(stop);) {
  const job = await store.jobs.claim(worker, ['fedora']);
  if (job === null) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    continue;
  }
  kojiBuildId = job.kojiBuildId;
  console.log(String(kojiBuildId));
  await store.jobs.complete(job);
}
await store.close();
