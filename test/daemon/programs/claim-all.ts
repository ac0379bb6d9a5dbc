/** Claims and completes until the queue is empty; says the build of each job. */
import { openStore } from '../../../daemon/store/sqlite-store.ts';

const [path = '', worker = ''] = process.argv.slice(2);
const store = openStore(path);
console.log('ready');
let claimed = 0;
// The others may not have begun yet: an empty queue ends it only after some work.
for (let idle = 0; idle < 100;) {
  const job = await store.jobs.claim(worker, ['fedora']);
  if (job === null) {
    idle++;
    await new Promise((resolve) => setTimeout(resolve, 5));
    continue;
  }
  idle = 0;
  claimed++;
  console.log(String(job.kojiBuildId));
  await store.jobs.complete(job);
}
console.log(`claimed ${claimed}`);
await store.close();
