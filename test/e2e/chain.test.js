// Faults of RPC nodes around a submission. Every one ends with exactly one mint.
'use strict';
const assert = require('node:assert/strict');
const { after, afterEach, before, describe, test } = require('node:test');
const h = require('./harness.js');

const DAEMON_FRONTS = [0, 1, 2];
const all = (world, faults) => Promise.all(DAEMON_FRONTS.map((i) => world.front(i, faults)));

describe('with hashes that live long', () => {
  let world;
  before(async () => { world = await h.openWorld({ seed: 21 }); });
  afterEach(() => world.calm());
  after(() => h.closeWorld(world));

  const one = async (faulty) => {
    const [request] = h.make(world, 1);
    await faulty();
    await h.mint(world, request);
    const ended = await h.completed(world, request.id);
    await h.assertMinted(world, [request]);
    return ended;
  };

  // proves: S2
  test('answers to sends are lost', () => one(() => all(world, { lose_answers: 2 })));

  // proves: S6
  test('one leg says -32002 while another lands', () => one(() => world.front(0, { reject_sends: 5 })));

  // proves: S1
  test('the primary lags far behind', () => one(() => world.front(0, { lag: 60 })));

  // proves: F2, P10
  test('the primary is gone and the backup limits the rate', () =>
    one(async () => {
      await world.front(0, { refuse: true });
      await world.front(1, { http_429: { count: 20, retry_after: 1 } });
    }));

  // proves: P7
  test('the primary takes requests and never answers', () => one(() => world.front(0, { hang: true })));

  // proves: S8
  test('a wallet without lamports waits and goes on after an airdrop', async () => {
    const poor = await h.openWorld({ seed: 22, lamports: 1_000_000 });
    try {
      const [request] = h.make(poor, 1);
      await h.mint(poor, request);
      const waiting = await h.until(poor, request.id, ({ waiting: w }) => w?.reason, 'waiting');
      assert.match(waiting.waiting.reason, /balance|lamports/);
      await poor.airdrop(50_000_000_000);
      await h.completed(poor, request.id);
      await h.assertMinted(poor, [request]);
    } finally {
      await h.closeWorld(poor);
    }
  });
});

describe('with hashes that expire after three seconds', () => {
  let world;
  before(async () => { world = await h.openWorld({ seed: 23, ledger: ['--slot-ms', '20', '--blockhash-age', '150'] }); });
  afterEach(() => world.calm());
  after(() => h.closeWorld(world));

  // proves: S3, E9
  test('a dropped transaction is proven dead and signed anew', async () => {
    const [request] = h.make(world, 1);
    await all(world, { drop_sends: 1000000 });
    await h.mint(world, request);
    await h.until(world, request.id, ({ generation }) => generation >= 1, 'signed');
    await h.until(world, request.id, ({ generation }) => generation >= 2, 'signed again', 30000);
    await world.calm();
    const ended = await h.completed(world, request.id);
    assert.ok(ended.generation >= 2 && ended.generation <= 3, `generation ${ended.generation}`);
    await h.assertMinted(world, [request]);
  });

  // proves: S3
  test('providers that disagree make it UNCERTAIN until they agree', async () => {
    const [request] = h.make(world, 1);
    await all(world, { drop_sends: 1000000 });
    await h.mint(world, request);
    await h.until(world, request.id, ({ generation }) => generation === 1, 'signed');
    // All but one lose the history that a proof needs; one witness is not enough.
    await world.front(1, { lose_history: true, drop_sends: 1000000 });
    await world.front(2, { lose_history: true, drop_sends: 1000000 });
    const unsure = await h.until(world, request.id, ({ progress }) => progress === 'UNCERTAIN', 'UNCERTAIN', 40000);
    assert.equal(unsure.generation, 1, 'nothing was signed anew');
    await world.calm();
    await h.completed(world, request.id);
    await h.assertMinted(world, [request]);
  });
});
