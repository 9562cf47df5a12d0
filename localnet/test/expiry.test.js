'use strict';
const test = require('node:test');
const assert = require('node:assert/strict');
const { local_net, transfer, web3, SOL } = require('./net.js');

async function setting(t, options) {
  const net = await local_net(t, options);
  const from = net.funded();
  await net.pass(40);
  const to = web3.Keypair.generate().publicKey;
  const tx = await net.sign([transfer(from, to, SOL)], [from]);
  return { net, tx, to, from };
}

test('a blockhash is good up to its last valid block height and not one block more', async (t) => {
  for (const age of [150, 12]) {
    const { net, tx } = await setting(t, { blockhash_age: age });
    await net.pass(age);
    assert.equal(await net.result(0, 'getBlockHeight', { commitment: 'processed' }), tx.last_valid);
    assert.equal((await net.send(0, tx)).result, tx.signature);
    assert.notEqual(await net.status(0, tx.signature), null);
  }
  const { net, tx, to } = await setting(t, {});
  await net.pass(151);
  const { error } = await net.send(0, tx);
  assert.deepEqual([error.code, error.message, error.data.err, error.data.logs], [-32002, 'Transaction simulation failed: Blockhash not found', 'BlockhashNotFound', []]);
  assert.equal((await net.send(0, tx, { skipPreflight: true })).result, tx.signature, 'relayed, and dropped by the leader');
  await net.pass(40);
  assert.equal(await net.status(0, tx.signature), null);
  assert.equal(await net.balance(0, to, 'processed'), 0);
  assert.equal(net.ledger.counters.expired, 1);
});

test('skipped slots do not age a blockhash', async (t) => {
  const { net, tx } = await setting(t, { blockhash_age: 20 });
  await net.pass(500, true);
  await net.pass(19);
  assert.ok((await net.result(0, 'getSlot', { commitment: 'processed' })) > 1500);
  assert.equal((await net.send(0, tx)).result, tx.signature);
});

test('a long age is honoured, and the status cache is as long as twice the age', async (t) => {
  const { net, tx } = await setting(t, { blockhash_age: 3000 });
  await net.pass(3000);
  assert.equal((await net.send(0, tx)).result, tx.signature);
  await net.pass(6000);
  assert.notEqual(await net.status(0, tx.signature, {}), null);
  await net.pass(1);
  assert.equal(await net.status(0, tx.signature, {}), null);
  assert.notEqual(await net.status(0, tx.signature), null);
});

test('preflight judges the blockhash by the commitment asked for', async (t) => {
  const { net, from, to } = await setting(t, {});
  const send = (tx, preflightCommitment) => net.call(0, 'sendTransaction', tx.wire, { encoding: 'base64', preflightCommitment });
  const newest = await net.sign([transfer(from, to, SOL)], [from]);
  for (const level of [undefined, 'finalized', 'confirmed']) {
    assert.equal((await send(newest, level)).error.data.err, 'BlockhashNotFound', level);
  }
  assert.equal((await send(newest, 'processed')).result, newest.signature);
  const old = await net.sign([transfer(from, to, SOL)], [from], { hash: await net.fresh_hash('finalized') });
  assert.equal((await send(old, undefined)).result, old.signature);
});

test('a lagging front refuses a blockhash it has not seen while the others take it', async (t) => {
  const { net, tx } = await setting(t, {});
  await net.faults(1, { lag: 5 });
  assert.equal((await net.send(1, tx)).error.data.err, 'BlockhashNotFound');
  assert.equal((await net.send(0, tx)).result, tx.signature);
  assert.equal((await net.send(1, tx, { skipPreflight: true })).result, tx.signature);
  assert.equal(net.ledger.counters.duplicates, 1);
});

test('the recent cache forgets, history does not, and lost history says from where it starts', async (t) => {
  const { net, tx } = await setting(t, {});
  await net.send(0, tx);
  assert.notEqual(await net.status(0, tx.signature, {}), null);
  await net.pass(301);
  assert.equal(await net.status(0, tx.signature, {}), null);
  assert.equal((await net.status(0, tx.signature)).confirmationStatus, 'finalized');

  assert.equal(await net.result(1, 'getFirstAvailableBlock'), 1000);
  await net.faults(1, { lose_history: true });
  assert.equal(await net.status(1, tx.signature), null);
  assert.equal(await net.result(1, 'getTransaction', tx.signature), null);
  assert.equal(await net.result(1, 'getFirstAvailableBlock'), 1341);
  assert.equal(await net.result(1, 'minimumLedgerSlot'), 1341);
  assert.notEqual(await net.status(0, tx.signature), null, 'only this front');

  await net.faults(2, { lose_history: 'disabled' });
  assert.equal((await net.error(2, 'getSignatureStatuses', [tx.signature], { searchTransactionHistory: true })).code, -32011);
  assert.equal((await net.error(2, 'getTransaction', tx.signature)).code, -32011);
  assert.equal(await net.status(2, tx.signature, {}), null);
  await net.faults(1, { lose_history: false });
  assert.notEqual(await net.status(1, tx.signature), null);
});

test('two starts share no blockhash', async (t) => {
  const [a, b] = [await local_net(t), await local_net(t)];
  assert.notEqual((await a.fresh_hash()).blockhash, (await b.fresh_hash()).blockhash);
});
