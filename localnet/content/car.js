// CARs as the published packages write and read them: what a trustless gateway sends, and what a node
// takes that imports blocks.
import { CarBlockIterator } from '@ipld/car/iterator';
import { CarWriter } from '@ipld/car/writer';
import * as dagPb from '@ipld/dag-pb';
import { exporter } from 'ipfs-unixfs-exporter';
import { CID } from 'multiformats/cid';
import { sha256 } from 'multiformats/hashes/sha2';

// A DAG's blocks in the order of a trustless gateway: depth first, none twice. `get` gives a CID's bytes.
export async function* walk(cid, get, { below = true, seen = new Set() } = {}) {
  const name = cid.toV1().toString();
  if (seen.has(name)) return;
  seen.add(name);
  const bytes = await get(cid);
  yield { cid, bytes };
  if (!below || cid.code !== dagPb.code) return;
  for (const { Hash } of dagPb.decode(bytes).Links) yield* walk(Hash, get, { seen });
}

// The file whose root this is.
export async function fileOf(root, get) {
  const entry = await exporter(root, {
    get: async function* one(cid) {
      yield await get(cid);
    },
  });
  const parts = [];
  for await (const part of entry.content()) parts.push(part);
  return Buffer.concat(parts);
}

export async function* writeCar(root, blocks) {
  const { writer, out } = CarWriter.create([root]);
  const written = (async () => {
    for await (const block of blocks) await writer.put(block);
    await writer.close();
  })();
  yield* out;
  await written;
}

// `source`: an async iterable of bytes. Rejects a block that is not what its CID names.
export async function readCar(source) {
  const car = await CarBlockIterator.fromIterable(source);
  const blocks = [];
  for await (const { cid, bytes } of car) {
    const digest = await sha256.digest(bytes);
    if (!CID.create(1, cid.code, digest).equals(cid.toV1())) throw new Error(`block ${cid} is another one`);
    blocks.push({ cid, bytes });
  }
  return { version: car.version, roots: await car.getRoots(), blocks };
}
