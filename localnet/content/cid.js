// The CID that the published importer gives these bytes (v1, raw leaves, 256 KiB, 174 links).
import { importer } from 'ipfs-unixfs-importer';
import { fixedSize } from 'ipfs-unixfs-importer/chunker';
import { balanced } from 'ipfs-unixfs-importer/layout';
import { base32 } from 'multiformats/bases/base32';

export async function cidOf(bytes) {
  let root;
  for await (const entry of importer([{ content: bytes }], { put: async (cid) => cid }, {
    cidVersion: 1,
    rawLeaves: true,
    chunker: fixedSize({ chunkSize: 262144 }),
    layout: balanced({ maxChildrenPerNode: 174 }),
    reduceSingleLeafToSelf: true,
  })) {
    root = entry.cid;
  }
  return root.toString(base32);
}
