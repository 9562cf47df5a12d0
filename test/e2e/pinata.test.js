// A daemon that keeps everything in three places, one of them Pinata: the model of it that its own
// published client accepts (localnet/clients).
// proves: I1, I2, I3
'use strict';
const assert = require('node:assert/strict');
const { after, afterEach, before, describe, test } = require('node:test');
const { DatabaseSync } = require('node:sqlite');
const { startFake } = require('../../localnet/fake.js');
const h = require('./harness.js');

for (const api of ['v3', 'legacy']) {
  describe(`Pinata, ${api}`, () => {
    let fake;
    let world;
    const cids = (id) => {
      const records = new DatabaseSync(`${world.folder}/data/records.sqlite`, { readOnly: true });
      const { image_cid, metadata_cid } = records.prepare('select * from thole_nft where operation_id = ?').get(id);
      records.close();
      return [image_cid, metadata_cid];
    };

    before(async () => {
      fake = await startFake('pinata', '--token', 'jwt');
      process.env.E2E_PINATA_KEY = 'jwt';
      world = await h.openWorld({
        seed: 71,
        extra: `[[dependency.ipfs.provider]]\nname = "pinata"\nkind = "pinata"\napi = "${api}"\nurl = "${fake.url}"\n`
          + 'token = "env:E2E_PINATA_KEY"\n[mint]\nreplicas = 3\nrecheck_after = "0s"\n[reconcile]\ninterval = "0s"\n',
      });
    });
    afterEach(async () => {
      await fake.faults({ http_503: 0, lie: false, suspended: false });
      await world.calm();
    });
    after(async () => {
      if (world) await h.closeWorld(world);
      fake.stop();
    });

    test('image and metadata are there under the CIDs that were computed first', async () => {
      const [request] = h.make(world, 1);
      await h.mint(world, request);
      await h.completed(world, request.id);
      const there = await fake.kept();
      for (const cid of cids(request.id)) assert.ok(there.includes(cid), `${cid} in ${there}`);
      await h.assertMinted(world, [request]);
    });

    test('a few answers of 503 delay it and leave nothing twice', async () => {
      const [request] = h.make(world, 1);
      await fake.faults({ http_503: 2 });
      await h.mint(world, request);
      await h.completed(world, request.id);
      const there = await fake.kept();
      for (const cid of cids(request.id)) assert.equal(there.filter((each) => each === cid).length, 1);
      await h.assertMinted(world, [request]);
    });

    // proves: E3, I5
    test('what is cancelled is given back by the id that Pinata gave', async () => {
      const before = (await fake.kept()).length;
      const [request] = h.make(world, 1);
      await world.content({ corrupt: true });
      await h.mint(world, request);
      await h.until(world, request.id, ({ step }) => step === 'fetch_uris', 'at fetch_uris');
      assert.equal((await fake.kept()).length, before + 2);
      await world.daemon.insist('POST', `/api/v1/operations/${request.id}/cancel`);
      await h.until(world, request.id, ({ state }) => state === 'rolled_back', 'rolled back');
      assert.equal((await fake.kept()).length, before);
    });
  });
}

// proves: M1
describe('Pinata, whose plan is nearly used up', () => {
  let fake;
  let world;
  before(async () => {
    fake = await startFake('pinata', '--token', 'jwt');
    process.env.E2E_PINATA_KEY = 'jwt';
    world = await h.openWorld({
      seed: 72,
      extra: `[[dependency.ipfs.provider]]\nname = "pinata"\nkind = "pinata"\nurl = "${fake.url}"\n`
        + 'token = "env:E2E_PINATA_KEY"\nquota_bytes = 50\n[mint]\nreplicas = 3\n[reconcile]\ninterval = "0s"\n',
    });
  });
  after(async () => {
    if (world) await h.closeWorld(world);
    fake.stop();
  });

  test('what does not fit waits for room, and nothing is sent', async () => {
    const [request] = h.make(world, 1);
    await h.mint(world, request);
    const reason = (now) => JSON.stringify(now.waiting ?? now.fault ?? {});
    const waiting = await h.until(world, request.id, (now) => reason(now).includes('ipfs.quota_exhausted'), 'without room');
    assert.equal(waiting.step, 'check');
    assert.deepEqual(await fake.kept(), []);
  });
});
