/** Works on the queue until it is killed; every build has 3 RPMs of 20 files. Says each build when it is done. */
import { silentLog } from '../../../daemon/log.ts';
import { openStore } from '../../../daemon/store/sqlite-store.ts';
import { WorkerPool } from '../../../daemon/worker.ts';
import { indexedRpm, kojiBuild, storedFile } from '../../support/seed-store.ts';
import { sha1BuildId } from '../../support/sha1-build-id.ts';

const [path = ''] = process.argv.slice(2);
const store = openStore(path);

async function indexBuild(kojiBuildId: number) {
  const rpms = [1, 2, 3].map((number) =>
    indexedRpm(10 * kojiBuildId + number, {
      files: Array.from({ length: 20 }, (_, i) =>
        storedFile(`/usr/lib/${kojiBuildId}/${i}`, sha1BuildId(`${kojiBuildId}/${number}/${i}`)),
      ),
    }),
  );
  await store.index.replaceBuild('fedora', kojiBuild(kojiBuildId, {}), rpms);
  process.stdout.write(`${kojiBuildId}\n`);
  return { outcome: 'indexed', rpms: 3, archives: 0, files: 60, bytesRead: 0 } as const;
}

const indexBuilds = new Map([['fedora', indexBuild]]);
new WorkerPool({ jobs: store.jobs, indexBuilds, log: silentLog }, 2).start();
