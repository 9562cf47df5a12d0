'use strict';
const test = require('node:test');
const assert = require('node:assert/strict');
const { local_net, nft, transfer, web3, SOL, T22 } = require('./net.js');
const { Accounts } = require('../ledger/accounts.js');

const LEVELS = ['processed', 'confirmed', 'finalized'];
const at_levels = async (read) => Promise.all(LEVELS.map(read));

test('balance, account, height and transaction are true at each commitment', async (t) => {
  const net = await local_net(t, { final_slots: 5 });
  const from = net.funded();
  const to = web3.Keypair.generate().publicKey;
  await net.pass(10);
  const tx = await net.sign([transfer(from, to, SOL)], [from]);
  assert.equal((await net.send(0, tx)).result, tx.signature);

  const balances = () => at_levels((c) => net.balance(0, to, c));
  const found = () => at_levels(async (c) => (await net.result(0, 'getAccountInfo', to.toBase58(), { commitment: c, encoding: 'base64' })).value !== null);
  const history = async () => (await net.result(0, 'getTransaction', tx.signature, { commitment: 'confirmed' })) !== null;
  const level = async () => (await net.status(0, tx.signature)).confirmationStatus;

  assert.deepEqual([await balances(), await found(), await level(), await history()], [[SOL, 0, 0], [true, false, false], 'processed', false]);
  await net.pass(1);
  assert.deepEqual([await balances(), await level(), await history()], [[SOL, SOL, 0], 'confirmed', true]);
  assert.deepEqual(await net.status(0, tx.signature), { slot: 1010, confirmations: 1, err: null, status: { Ok: null }, confirmationStatus: 'confirmed' });
  await net.pass(3);
  assert.deepEqual([await balances(), await level()], [[SOL, SOL, 0], 'confirmed']);
  assert.equal(await net.result(0, 'getTransaction', tx.signature), null, 'finalized is the default');
  await net.pass(1);
  assert.deepEqual([await balances(), await found(), await level()], [[SOL, SOL, SOL], [true, true, true], 'finalized']);
  assert.equal((await net.status(0, tx.signature)).confirmations, null);
  assert.equal((await net.result(0, 'getTransaction', tx.signature)).slot, 1010);
  assert.equal((await net.error(0, 'getTransaction', tx.signature, { commitment: 'processed' })).code, -32602);
});

test('every version of an account is read at its own slot', async (t) => {
  const net = await local_net(t, { final_slots: 20 });
  const from = net.funded();
  const to = web3.Keypair.generate().publicKey;
  const history = [];
  await net.pass(40);
  for (let i = 1; i <= 20; i++) {
    await net.send(0, await net.sign([transfer(from, to, SOL / 10)], [from]));
    history.push(i * (SOL / 10));
    await net.pass(1);
  }
  for (const lag of [0, 3, 12]) {
    await net.faults(1, { lag });
    const expected = history[19 - lag];
    assert.equal(await net.balance(1, to, 'confirmed'), expected, `lag ${lag}`);
    assert.equal(await net.balance(1, to, 'finalized'), lag === 0 ? history[0] : 0);
  }
});

test('slots, heights and blockhashes differ by commitment and agree with each other', async (t) => {
  const net = await local_net(t, { final_slots: 8 });
  await net.pass(50);
  await net.pass(5, true);
  await net.pass(3);
  const slots = await at_levels((c) => net.result(0, 'getSlot', { commitment: c }));
  const heights = await at_levels((c) => net.result(0, 'getBlockHeight', { commitment: c }));
  // 1054..1057 have no block: what is 8 slots behind 1058 is the block of 1050.
  assert.deepEqual([slots, heights], [[1058, 1057, 1050], [854, 853, 850]]);
  const hashes = await at_levels((c) => net.result(0, 'getLatestBlockhash', { commitment: c }));
  assert.deepEqual(hashes.map((h) => h.context.slot), slots);
  assert.deepEqual(hashes.map((h) => h.value.lastValidBlockHeight), heights.map((h) => h + 150));
  assert.equal(new Set(hashes.map((h) => h.value.blockhash)).size, 3);
  const valid = (hash) => at_levels(async (c) => (await net.result(0, 'isBlockhashValid', hash, { commitment: c })).value);
  assert.deepEqual(await valid(hashes[0].value.blockhash), [true, false, false]);
  assert.deepEqual(await valid(hashes[2].value.blockhash), [true, true, true]);
  const info = await net.result(0, 'getEpochInfo');
  assert.deepEqual([info.absoluteSlot, info.blockHeight], [1050, 850]);
});

test('a front that lags shows the ledger as it was, and says what has arrived', async (t) => {
  const net = await local_net(t, { unhealthy_slots: 20 });
  const issuer = net.funded();
  await net.pass(60);
  const { instructions, mint } = await nft(issuer, issuer.publicKey, 'lag');
  const tx = await net.sign(instructions, [issuer]);
  await net.send(0, tx);
  await net.faults(1, { lag: 10 });

  assert.deepEqual([await net.result(1, 'getSlot', { commitment: 'processed' }), await net.result(1, 'getMaxShredInsertSlot')], [1050, 1060]);
  assert.equal(await net.status(1, tx.signature), null);
  const at_front = async (c) => (await net.result(1, 'getTokenAccountsByOwner', issuer.publicKey.toBase58(), { programId: T22.toBase58() }, { commitment: c, encoding: 'base64' })).value.length;
  assert.equal(await at_front('processed'), 0);
  assert.equal((await net.error(1, 'getTokenSupply', mint.toBase58(), { commitment: 'processed' })).code, -32602);
  await net.pass(10);
  assert.equal((await net.status(1, tx.signature)).confirmationStatus, 'processed');
  assert.equal((await net.status(0, tx.signature)).confirmationStatus, 'confirmed');
  assert.equal(await at_front('processed'), 1);
  assert.equal(await at_front('confirmed'), 0);

  assert.equal(await net.result(1, 'getHealth'), 'ok');
  await net.faults(1, { lag: 20 });
  const error = await net.error(1, 'getHealth');
  assert.deepEqual(error, { code: -32005, message: 'Node is behind by 20 slots', data: { numSlotsBehind: 20 } });
  await net.faults(1, { lag: 0 });
  assert.equal(await net.result(1, 'getHealth'), 'ok');
});

test('minContextSlot is refused by whoever has not reached it', async (t) => {
  const net = await local_net(t);
  const key = net.funded().publicKey.toBase58();
  await net.pass(40);
  await net.faults(1, { lag: 2 });
  const asked = { commitment: 'confirmed', minContextSlot: 1039, encoding: 'base64' };
  for (const [method, ...params] of [['getBalance', key], ['getAccountInfo', key], ['getMultipleAccounts', [key]], ['getSlot'], ['getLatestBlockhash'], ['getBlockHeight']]) {
    await net.result(0, method, ...params, asked);
    const error = await net.error(1, method, ...params, asked);
    assert.deepEqual([error.code, error.data], [-32016, { contextSlot: 1037 }], method);
  }
  const signature = require('bs58').default.encode(Buffer.alloc(64, 3));
  const statuses = await net.error(1, 'getSignatureStatuses', [signature], { minContextSlot: 1040 });
  assert.deepEqual([statuses.code, statuses.data], [-32016, { contextSlot: 1038 }]);
});

test('the websocket tells slots and signatures when this front gets there', async (t) => {
  const net = await local_net(t, { final_slots: 4 });
  const from = net.funded();
  await net.pass(10);
  await net.faults(0, { lag: 2 });
  const { WebSocket } = require('ws');
  const ws = new WebSocket(net.ws[0]);
  const seen = [];
  ws.on('message', (data) => seen.push(JSON.parse(data)));
  await new Promise((resolve) => ws.once('open', resolve));
  const until = async (count) => {
    while (seen.length < count) await new Promise((resolve) => ws.once('message', resolve));
  };
  const tx = await net.sign([transfer(from, from.publicKey, 1)], [from]);
  ws.send(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'signatureSubscribe', params: [tx.signature, { commitment: 'confirmed', enableReceivedNotification: true }] }));
  ws.send(JSON.stringify({ jsonrpc: '2.0', id: 2, method: 'slotSubscribe' }));
  ws.send(JSON.stringify({ jsonrpc: '2.0', id: 3, method: 'nothing' }));
  await until(3);
  assert.deepEqual(seen.map((m) => m.result ?? m.error.code), [1, 2, -32601]);
  await net.send(1, tx);
  seen.length = 0;
  await net.pass(3);
  await until(5);
  const said = seen.map((m) => [m.method.slice(0, 4), m.params.result.slot ?? m.params.result.value]);
  assert.deepEqual(said, [['slot', 1009], ['sign', 'receivedSignature'], ['slot', 1010], ['sign', { err: null }], ['slot', 1011]]);
  assert.deepEqual(seen[0].params.result, { slot: 1009, parent: 1008, root: 1005 });
  ws.terminate();
});

test('old versions are dropped no further than a reader may look', () => {
  const owner = Buffer.alloc(32);
  let lamports = 1n;
  const account = () => ({ lamports: () => lamports, data: () => Buffer.alloc(0), owner: () => owner, executable: () => false });
  const accounts = new Accounts({ getAccount: account }, 100);
  const key = '11111111111111111111111111111112';
  for (let slot = 1; slot <= 1000; slot++) {
    accounts.before_write(key);
    lamports = BigInt(slot);
    accounts.after_write(key, slot);
  }
  for (let slot = 900; slot <= 1000; slot++) assert.equal(accounts.at(key, slot).lamports, BigInt(slot));
  assert.equal(accounts.at(key, 2000).lamports, 1000n);
  assert.ok(accounts.versions.get(key).length <= 102);
});
