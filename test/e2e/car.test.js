// What the daemon's trustless gateway sends, read by the packages that IPFS programs are made of: the
// container by @ipld/car, hashes by multiformats, the file by ipfs-unixfs-exporter.
'use strict';
const assert = require('node:assert/strict');
const { createCipheriv, createHash } = require('node:crypto');
const { after, before, describe, test } = require('node:test');
const h = require('./harness.js');

const CONTENT = '../../localnet/content';
const CHUNK = 262144;

// A picture as far as its first bytes go, different in every chunk.
function picture(size, seed) {
  const key = createHash('sha256').update(seed).digest();
  const noise = createCipheriv('aes-128-ctr', key.subarray(0, 16), key.subarray(16)).update(Buffer.alloc(size));
  noise.set(Buffer.from('89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489', 'hex'));
  return noise;
}

describe('the gateway as a CAR', () => {
  let world;
  let car;
  before(async () => {
    car = await import(`${CONTENT}/car.js`);
    world = await h.openWorld({ seed: 81, extra: '[images]\ncheck = "off"\n' });
  });
  after(() => h.closeWorld(world));

  const upload = async (body) => {
    const headers = { 'content-type': 'image/png', 'content-length': body.length };
    const answer = await world.daemon.insist('POST', '/api/v1/content', { headers, body, timeoutMs: 60000 });
    assert.equal(answer.status, 201, JSON.stringify(answer.value));
    return answer.value.cid;
  };
  const fetched = async (cid, scope) => {
    const answer = await fetch(`${world.daemon.url}/ipfs/${cid}?format=car${scope ? `&dag-scope=${scope}` : ''}`);
    assert.equal(answer.status, 200);
    assert.match(answer.headers.get('content-type'), /^application\/vnd\.ipld\.car; version=1; order=dfs; dups=n$/);
    return car.readCar(answer.body);
  };

  // proves: I2, X3
  for (const [what, size, blocks] of [
    ['one block', 5000, 1],
    ['exactly one chunk', CHUNK, 1],
    ['a chunk and a byte', CHUNK + 1, 3],
    ['two levels of nodes', 175 * CHUNK, 175 + 3],
  ]) {
    test(`${what}: roots, hashes, order and file are right`, async () => {
      const bytes = picture(size, what);
      const cid = await upload(bytes);
      const read = await fetched(cid);
      assert.equal(read.version, 1);
      assert.deepEqual(read.roots.map(String), [cid]);
      assert.equal(read.blocks.length, blocks);

      const held = new Map(read.blocks.map((block) => [String(block.cid), block.bytes]));
      assert.equal(held.size, blocks, 'no block comes twice');
      const get = async (each) => held.get(String(each));
      const inOrder = [];
      for await (const each of car.walk(read.roots[0], get)) inOrder.push(String(each.cid));
      assert.deepEqual(read.blocks.map((block) => String(block.cid)), inOrder, 'depth first');

      assert.ok((await car.fileOf(read.roots[0], get)).equals(bytes));
      const one = await fetched(cid, 'block');
      assert.deepEqual(one.blocks.map((block) => String(block.cid)), [cid]);
    });
  }

  // The other way round: a node that imports CARs takes what the gateway sent, and serves the file.
  // proves: I5, X3
  test('a node imports what the gateway sent and pins it whole', async () => {
    const bytes = picture(3 * CHUNK + 7, 'imported');
    const cid = await upload(bytes);
    const sent = await (await fetch(`${world.daemon.url}/ipfs/${cid}?format=car`)).arrayBuffer();
    const form = new FormData();
    form.append('file', new Blob([sent]), 'file.car');
    const answer = await fetch(`${world.store.api}/api/v0/dag/import?pin-roots=true`, { method: 'POST', body: form });
    assert.deepEqual((await answer.json()).Root, { Cid: { '/': cid }, PinErrorMsg: '' });
    const served = await fetch(`${world.store.gateway}/ipfs/${cid}`);
    assert.ok(Buffer.from(await served.arrayBuffer()).equals(bytes));
  });
});
