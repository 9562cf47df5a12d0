// Faults of content providers, the records database and the disk.
'use strict';
const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { after, afterEach, before, describe, test } = require('node:test');
const { DatabaseSync } = require('node:sqlite');
const h = require('./harness.js');

describe('content and records', () => {
  let world;
  before(async () => { world = await h.openWorld({ seed: 31 }); });
  afterEach(() => world.calm());
  after(() => h.closeWorld(world));

  // proves: I2, M1
  test('the second provider is unreachable for a while', async () => {
    const [request] = h.make(world, 1);
    await world.content({ refuse: true });
    await h.mint(world, request);
    await h.sleep(1500);
    await world.content({ refuse: false });
    await h.completed(world, request.id);
    await h.assertMinted(world, [request]);
  });

  // proves: I1, I4
  test('nothing is signed while the gateway serves other bytes', async () => {
    const [request] = h.make(world, 1);
    await world.content({ corrupt: true });
    await h.mint(world, request);
    await h.sleep(2500);
    const stuck = await h.operation(world, request.id);
    assert.equal(stuck.generation, 0, JSON.stringify(stuck));
    await world.content({ corrupt: false });
    const later = await h.operation(world, request.id);
    if (later.state === 'parked') {
      assert.equal((await world.daemon.call('POST', `/api/v1/operations/${request.id}/retry`)).status, 202);
    }
    await h.completed(world, request.id);
    await h.assertMinted(world, [request]);
  });

  // proves: D2
  test('a locked records database delays and loses nothing', async () => {
    const [request] = h.make(world, 1);
    const database = new DatabaseSync(`${world.folder}/data/records.sqlite`);
    database.exec('begin exclusive');
    await h.mint(world, request);
    await h.sleep(2000);
    const waiting = await h.operation(world, request.id);
    assert.notEqual(waiting.progress, 'DATABASE_UPDATED');
    database.exec('rollback');
    database.close();
    await h.completed(world, request.id);
    await h.assertMinted(world, [request]);
  });

  // proves: E5, I5
  test('the image of accepted work is held until it has ended, over a kill too', async () => {
    // The log of pins says +CID~OWNER and -CID~OWNER TIME.
    const holds = () => {
      const held = new Set();
      for (const line of fs.readFileSync(`${world.folder}/data/content/pins.log`, 'utf8').split('\n')) {
        const pin = line.slice(1).split(' ')[0];
        if (line[0] === '+' && pin.includes('~hold:')) held.add(pin);
        if (line[0] === '-') held.delete(pin);
      }
      return [...held];
    };
    const [request] = h.make(world, 1);
    await world.content({ refuse: true });
    await h.mint(world, request);
    assert.equal(holds().length, 1);
    assert.ok(holds()[0].endsWith(`~hold:${request.id}`), holds()[0]);
    await world.kill();
    assert.equal(holds().length, 1);
    await world.content({ refuse: false });
    await h.completed(world, request.id);
    for (let left = 100; holds().length > 0 && left > 0; left -= 1) await h.sleep(50);
    assert.deepEqual(holds(), []);
    await h.assertMinted(world, [request]);
  });

  // proves: E2
  test('the same key is the same operation, or refused with another payload', async () => {
    const [request] = h.make(world, 1);
    const first = await h.mint(world, request);
    const again = await h.mint(world, request);
    assert.equal(again.id, first.id);
    const other = { ...request.body, image: first.image_cid, name: 'another' };
    const answer = await world.daemon.call('POST', '/api/v1/mints', {
      headers: { 'content-type': 'application/json', 'idempotency-key': request.key },
      body: JSON.stringify(other),
    });
    assert.equal(answer.status, 422);
    assert.equal(answer.headers['content-type'], 'application/problem+json');
    await h.completed(world, request.id);
    await h.assertMinted(world, [request]);
  });
});

// Writes until nothing fits any more.
function fill(file) {
  const out = fs.openSync(file, 'w');
  for (let size = 1 << 20; size >= 512;) {
    try {
      fs.writeSync(out, Buffer.alloc(size));
    } catch (error) {
      if (error.code !== 'ENOSPC') throw error;
      size >>= 1;
    }
  }
  fs.closeSync(out);
}

// A file system of 160 MiB that is filled to the brim; needs root for the mount.
describe('a full disk', { skip: process.getuid() !== 0 && 'mounting a small file system needs root' }, () => {
  let folder;
  before(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'thole-full-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=160m', 'tmpfs', folder]);
  });
  after(() => {
    execFileSync('umount', [folder]);
    fs.rmdirSync(folder);
  });

  // proves: E5, O10
  test('new work is refused with 507, accepted work is finished', async () => {
    const world = await h.openWorld({ seed: 33, folder });
    try {
      const [first, running, second] = h.make(world, 3);
      await h.mint(world, first);
      await h.completed(world, first.id);
      await h.mint(world, running);
      const ballast = path.join(folder, 'ballast');
      fill(ballast);
      const refused = await world.daemon.call('POST', '/api/v1/content', {
        headers: { 'content-type': 'image/png' }, body: second.image,
      });
      assert.equal(refused.status, 507, JSON.stringify(refused.value));
      await h.sleep(1500);
      fs.rmSync(ballast);
      await h.completed(world, running.id);
      await h.mint(world, second);
      await h.completed(world, second.id);
      await h.assertMinted(world, [first, running, second]);
    } finally {
      await world.stop();
    }
  });
});
