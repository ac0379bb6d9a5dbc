/** Queues builds FIRST, FIRST+1, … and says each once the queue has it, until it is killed. */
import { openStore } from '../../../daemon/store/sqlite-store.ts';
import { PRIORITY } from '../../../daemon/store/types.ts';
import type { KojiBuildId } from '../../../shared/koji.ts';

const [path = '', first = ''] = process.argv.slice(2);
const store = openStore(path);
for (let kojiBuildId = Number(first); ; kojiBuildId++) {
  await store.jobs.enqueue('fedora', [kojiBuildId as KojiBuildId], PRIORITY.push);
  process.stdout.write(`${kojiBuildId}\n`);
  await new Promise(setImmediate);
}
