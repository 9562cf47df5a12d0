// The daemon is killed at sampled instants of a mint and started again: one mint, one record, one
// pin each, no lock held.
// proves: E1, E9, S2
'use strict';
const assert = require('node:assert/strict');
const { after, before, test } = require('node:test');
const { DatabaseSync } = require('node:sqlite');
const h = require('./harness.js');

const SAMPLES = 12;
let world;
before(async () => { world = await h.openWorld({ seed: 9 }); });
after(() => h.closeWorld(world));

test(`survives ${SAMPLES} kills at sampled instants`, async () => {
  const requests = h.make(world, SAMPLES);
  // A mint takes about a second and a half here; the samples are spread over it.
  for (const [i, request] of requests.entries()) {
    await h.mint(world, request);
    await h.sleep(Math.round((i * 1600) / SAMPLES) + world.chance.below(100));
    await world.kill();
    await h.completed(world, request.id);
  }
  assert.equal(world.daemon.kills, SAMPLES);
  await h.assertMinted(world, requests);

  const records = new DatabaseSync(`${world.folder}/data/records.sqlite`, { readOnly: true });
  const rows = records.prepare('select status, count(*) n from thole_nft group by status').all();
  assert.deepEqual(rows.map(({ status, n }) => [status, n]), [['completed', SAMPLES]]);
  const held = records.prepare('select count(*) n from user_status where minting_in_progress').get();
  assert.equal(held.n, 0);
  const journal = new DatabaseSync(`${world.folder}/data/journal.sqlite`, { readOnly: true });
  assert.equal(journal.prepare('select count(*) n from key_lock').get().n, 0);

  const { pins } = await (await fetch(world.store.control)).json();
  assert.equal(pins, 2 * SAMPLES, 'one image and one JSON pinned per mint');
});
