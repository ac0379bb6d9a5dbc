import { expect, test } from '@jest/globals';
import { ChunkReader } from '../../../daemon/indexer/chunk-reader.ts';
import { RpmInMemory } from '../../support/rpm-in-memory.ts';

const BYTES = Buffer.from('0123456789abcdef');

async function reader(chunkBytes: number): Promise<{ source: RpmInMemory; reader: ChunkReader }> {
  const source = new RpmInMemory(BYTES, { chunkBytes });
  return { source, reader: new ChunkReader((await source.open(0)).chunks, 100) };
}

test.each([1, 3, 4, 100])('reads exact lengths from chunks of %i bytes', async (chunkBytes) => {
  const { reader: chunks } = await reader(chunkBytes);
  expect(Buffer.from(await chunks.read(4, 'x')).toString()).toBe('0123');
  expect(Buffer.from(await chunks.read(0, 'x')).toString()).toBe('');
  expect(Buffer.from(await chunks.peek(3)).toString()).toBe('456');
  expect(Buffer.from(await chunks.read(7, 'x')).toString()).toBe('456789a');
  expect(chunks.offset).toBe(111);
  let rest = '';
  for (let chunk = await chunks.readAny(); chunk !== null; chunk = await chunks.readAny()) {
    rest += Buffer.from(chunk).toString();
  }
  expect(rest).toBe('bcdef');
  expect(Buffer.from(await chunks.peek(3)).toString()).toBe('');
  expect({ offset: chunks.offset, taken: chunks.bytesTaken }).toEqual({ offset: 116, taken: 16 });
});

test('says where the file ends too early, and for what', async () => {
  const { reader: chunks } = await reader(5);
  await chunks.read(10, 'RPM lead');
  await expect(chunks.read(4_000_000_000, 'RPM header')).rejects.toThrow(
    'RPM header at offset 110: the file is truncated: 4000000000 bytes are needed and 6 are left',
  );
});

test('closes its source', async () => {
  const { source, reader: chunks } = await reader(5);
  await chunks.read(3, 'x');
  await chunks.close();
  expect(source.closed).toBe(1);
});

test('lends the file at the next byte, and counts what was read of it', async () => {
  const asked: number[] = [];
  const file = {
    seek: (offset: number) => {
      asked.push(offset);
      return Promise.resolve(7);
    },
    position: () => Promise.resolve(112),
  };
  const chunks = new ChunkReader((await new RpmInMemory(BYTES, { chunkBytes: 5 }).open(0)).chunks, 100, file);
  await chunks.read(3, 'x');
  await chunks.peek(4);
  expect(await chunks.lendFile()).toBe(7);
  expect(asked).toEqual([103]);
  expect(chunks.bytesTaken).toBe(10);
  await chunks.takeFileBack();
  expect(chunks.bytesTaken).toBe(12);
  await chunks.peek(100);
  expect(await chunks.lendFile()).toBeNull();
});

test('has no file to lend where there is none', async () => {
  const { reader: chunks } = await reader(4);
  expect(await chunks.lendFile()).toBeNull();
});
