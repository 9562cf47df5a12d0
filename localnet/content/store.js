// Blocks on disk by the published UnixFS importer and exporter; pins in memory, rebuilt from a file.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FsBlockstore } from 'blockstore-fs';
import { importer } from 'ipfs-unixfs-importer';
import { fixedSize } from 'ipfs-unixfs-importer/chunker';
import { balanced } from 'ipfs-unixfs-importer/layout';
import { base32 } from 'multiformats/bases/base32';
import { CID } from 'multiformats/cid';
import { fileOf, readCar, walk } from './car.js';

export class ContentStore {
  constructor(folder) {
    this.blocks = new FsBlockstore(join(folder, 'blocks'));
    this.pinFile = join(folder, 'pins.json');
    this.pins = new Set();
  }

  async open() {
    await this.blocks.open();
    try {
      this.pins = new Set(JSON.parse(readFileSync(this.pinFile, 'utf8')));
    } catch (error) {
      if (error.code !== 'ENOENT') throw error;
    }
  }

  savePins() {
    writeFileSync(this.pinFile, JSON.stringify([...this.pins]));
  }

  // source: async iterable of bytes. Options are always explicit: implementations differ in defaults.
  async add(source, { cidVersion, rawLeaves, chunkSize, pin, onlyHash }) {
    const blocks = onlyHash ? { put: async (cid) => cid } : this.blocks;
    let root;
    for await (const entry of importer([{ content: source }], blocks, {
      cidVersion,
      rawLeaves,
      chunker: fixedSize({ chunkSize }),
      layout: balanced({ maxChildrenPerNode: 174 }),
      wrapWithDirectory: false,
      reduceSingleLeafToSelf: true,
    })) {
      root = entry;
    }
    if (pin && !onlyHash) {
      this.pins.add(this.text(root.cid));
      this.savePins();
    }
    return { cid: root.cid, size: Number(root.size) };
  }

  // The blocks of a CAR, and its roots pinned where they are there to the last block; answers the
  // roots with what kept each from being pinned, '' when nothing did.
  async importCar(source) {
    const { roots, blocks } = await readCar(source);
    for (const { cid, bytes } of blocks) await this.blocks.put(cid, bytes);
    const told = [];
    for (const root of roots) {
      let problem = '';
      try {
        for await (const { cid } of walk(root, (each) => this.block(each))) void cid;
        this.pins.add(this.text(root));
      } catch (error) {
        problem = error.message;
      }
      told.push({ cid: root, problem });
    }
    this.savePins();
    return told;
  }

  text(cid) {
    return cid.version === 0 ? cid.toString() : cid.toString(base32);
  }

  unpin(cid) {
    const known = this.pins.delete(this.text(cid));
    if (known) this.savePins();
    return known;
  }

  // As an unreliable service loses it.
  async lose(cid) {
    this.unpin(cid);
    await this.blocks.delete(cid);
  }

  has(cid) {
    return this.blocks.has(cid);
  }

  file(cid) {
    return fileOf(cid, (each) => this.block(each));
  }

  async block(cid) {
    const parts = [];
    const found = await this.blocks.get(cid);
    if (found instanceof Uint8Array) return Buffer.from(found);
    for await (const part of found) parts.push(part);
    return Buffer.concat(parts);
  }
}

export { CID };
