/** Indexes builds FIRST, FIRST+1, … with 3 RPMs of 20 files each, a transaction a build, until it is killed. */
import { openStore } from '../../../daemon/store/sqlite-store.ts';
import { indexedRpm, kojiBuild, storedFile } from '../../support/seed-store.ts';
import { sha1BuildId } from '../../support/sha1-build-id.ts';

const [path = '', first = ''] = process.argv.slice(2);
const store = openStore(path);
for (let kojiBuildId = Number(first); ; kojiBuildId++) {
  const rpms = [1, 2, 3].map((number) =>
    indexedRpm(10 * kojiBuildId + number, {
      files: Array.from({ length: 20 }, (_, i) =>
        storedFile(`/usr/lib/${kojiBuildId}/${i}`, sha1BuildId(`${kojiBuildId}/${number}/${i}`)),
      ),
    }),
  );
  await store.index.replaceBuild('fedora', kojiBuild(kojiBuildId, {}), rpms);
  process.stdout.write(`${kojiBuildId}\n`);
  await new Promise(setImmediate);
}
