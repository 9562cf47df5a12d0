// A wallet that is short, a mint that waits for it, and a treasury that fills it: once, by one
// transaction, within the cap.
// proves: S8
'use strict';
const assert = require('node:assert/strict');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { after, before, describe, test } = require('node:test');
const { Connection, Keypair, PublicKey } = require('../../localnet/node_modules/@solana/web3.js');
const h = require('./harness.js');

const SOL = 1_000_000_000;

describe('a treasury', () => {
  let world;
  let chain;
  const treasury = Keypair.fromSeed(new Uint8Array(32).fill(81));
  before(async () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'thole-e2e-'));
    const key = `${folder}/treasury.json`;
    fs.writeFileSync(key, JSON.stringify([...treasury.secretKey]), { mode: 0o600 });
    world = await h.openWorld({
      seed: 81,
      folder,
      lamports: 2_000_000,
      extra: `[wallet.top_up]\ntreasury = "file:${key}"\nlamports = ${SOL}\ndaily_cap = ${SOL + 1}\n`,
    });
    chain = new Connection(world.ledger.rpc[3], 'finalized');
  });
  after(() => h.closeWorld(world));

  const balance = async (key) => chain.getBalance(new PublicKey(key));
  const list = async () => (await world.daemon.insist('GET', '/api/v1/operations?kind=top_up')).value.items;

  test('fills the wallet, and the mint that waited goes on by itself', async () => {
    const [request] = h.make(world, 1);
    await h.mint(world, request);
    await h.until(world, request.id, (now) => /balance/.test(JSON.stringify(now.waiting ?? {})), 'waiting for the balance');
    while ((await list()).length === 0) await h.sleep(50);
    const [{ id }] = await list();
    await h.until(world, id, (now) => /treasury .* is short/.test(JSON.stringify(now.waiting ?? {})), 'waiting for the treasury');
    await world.airdrop(5 * SOL, treasury.publicKey.toBase58());
    const filled = await h.completed(world, id);
    assert.equal(filled.state, 'completed');
    await h.completed(world, request.id);
    await h.assertMinted(world, [request]);
    const left = await balance(treasury.publicKey);
    assert.ok(left < 4 * SOL && left > 4 * SOL - 3_000_000, `one transfer and its fee: ${left}`);
    assert.ok(await balance(world.issuer) > SOL - 50_000_000);
  });
});
