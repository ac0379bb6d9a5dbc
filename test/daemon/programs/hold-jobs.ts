/** Takes as many jobs as it has workers, says their builds, and never ends one. */
import { silentLog } from '../../../daemon/log.ts';
import { openStore } from '../../../daemon/store/sqlite-store.ts';
import { WorkerPool } from '../../../daemon/worker.ts';

const [path = '', workers = ''] = process.argv.slice(2);
const store = openStore(path);

function indexBuild(kojiBuildId: number): Promise<never> {
  process.stdout.write(`${kojiBuildId}\n`);
  return new Promise(() => undefined);
}

const indexBuilds = new Map([['fedora', indexBuild]]);
new WorkerPool({ jobs: store.jobs, indexBuilds, log: silentLog }, Number(workers)).start();
