// Nodes that notify: with polls ten seconds apart a mint ends long before the next one, and a
// connection that breaks costs nothing but the wait.
// proves: S1
'use strict';
const assert = require('node:assert/strict');
const { after, before, describe, test } = require('node:test');
const h = require('./harness.js');

describe('notifications', () => {
  let world;
  before(async () => {
    world = await h.openWorld({ seed: 91, extra: '[mint]\nstatus_poll = "10s"\nrecheck_after = "0s"\n', websockets: true });
  });
  after(() => h.closeWorld(world));

  test('bring the next look forward', async () => {
    const list = h.make(world, 5);
    const began = performance.now();
    for (const request of list) await h.mint(world, request);
    for (const request of list) await h.completed(world, request.id);
    const took = performance.now() - began;
    await h.assertMinted(world, list);
    assert.ok(took < 9000, `five mints took ${took} ms, and one poll is due every 10 s`);
  });

  test('are not needed: with the node that notifies away, polling finds the end', async () => {
    await world.front(0, { refuse: true });
    const [request] = h.make(world, 1);
    await h.mint(world, request);
    await h.completed(world, request.id);
    await world.calm();
    await h.assertMinted(world, [request]);
  });
});
