'use strict';
const test = require('node:test');
const assert = require('node:assert/strict');
const { local_net, post, transfer, web3, SOL } = require('./net.js');

const ASK = { jsonrpc: '2.0', id: 1, method: 'getSlot', params: [{ commitment: 'processed' }] };

async function setting(t, options) {
  const net = await local_net(t, options);
  const from = net.funded();
  const to = web3.Keypair.generate().publicKey;
  const tx = await net.sign([transfer(from, to, SOL)], [from]);
  return { net, tx, to, from };
}
const fired = async (net, front) => (await net.control_call('/counters')).fronts[front].fired;
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const cause = (promise) => promise.then(() => 'answered', (e) => e.cause?.code ?? e.name);

test('refuse closes the port, and the same port opens again', async (t) => {
  const { net } = await setting(t);
  const url = net.rpc[0];
  assert.equal((await post(url, ASK)).status, 200);
  await net.faults(0, { refuse: true });
  assert.match(await cause(post(url, ASK)), /ECONNREFUSED|ECONNRESET|UND_ERR_SOCKET/);
  assert.equal(await cause(post(url, ASK)), 'ECONNREFUSED');
  assert.equal((await net.control_call('/state')).fronts[0].listening, false);
  assert.equal((await post(net.rpc[1], ASK)).status, 200, 'the others stay');
  await net.faults(0, { refuse: false });
  assert.equal((await post(url, ASK)).status, 200);
  assert.equal((await fired(net, 0)).refuse, 1);
});

test('hang takes requests and answers none, until it is over', async (t) => {
  const { net } = await setting(t);
  await net.faults(0, { hang: true });
  const hung = cause(post(net.rpc[0], ASK));
  while ((await fired(net, 0)).hang === 0) await sleep(1);
  assert.equal(await Promise.race([hung, sleep(50)]), undefined);
  await net.faults(0, { hang: false });
  assert.notEqual(await hung, 'answered');
  assert.equal((await post(net.rpc[0], ASK)).status, 200);
  assert.equal((await fired(net, 0)).hang, 1);
});

test('delay_ms holds the answer back, not the effect', async (t) => {
  const { net, tx, to } = await setting(t);
  await net.faults(0, { delay_ms: 60_000 });
  const sent = cause(net.send(0, tx));
  while ((await net.balance(1, to, 'processed')) === 0) await sleep(1);
  assert.equal(await Promise.race([sent, sleep(20)]), undefined);
  await net.faults(0, { delay_ms: 50 });
  const before = process.hrtime.bigint();
  assert.equal((await post(net.rpc[0], ASK)).status, 200);
  assert.ok(process.hrtime.bigint() - before >= 49_000_000n);
  assert.equal((await fired(net, 0)).delay_ms, 2);
});

test('a storm of 429 by count, by time and by method', async (t) => {
  const { net } = await setting(t);
  await net.faults(0, { http_429: { count: 2, retry_after: 3 } });
  for (let i = 0; i < 2; i++) {
    const r = await post(net.rpc[0], ASK);
    assert.deepEqual([r.status, r.headers.get('retry-after')], [429, '3']);
    assert.equal((await r.json()).error.code, 429);
  }
  assert.equal((await post(net.rpc[0], ASK)).status, 200);
  await net.faults(0, { http_429: { until_ms: 600_000, retry_after: null } });
  const r = await post(net.rpc[0], ASK);
  assert.deepEqual([r.status, r.headers.get('retry-after')], [429, null]);
  await r.text();
  await net.faults(0, { http_429: { until_ms: 1 } });
  await sleep(20);
  assert.equal((await post(net.rpc[0], ASK)).status, 200);
  await net.faults(0, { http_429: { count: 1, methods: ['sendTransaction'] } });
  assert.equal((await post(net.rpc[0], ASK)).status, 200);
  assert.equal((await post(net.rpc[0], [ASK, { ...ASK, method: 'sendTransaction' }])).status, 429);
  assert.equal((await fired(net, 0)).http_429, 4);
});

test('rpc_unhealthy stops pre-flighted sends, and with "all" everything', async (t) => {
  const { net, tx } = await setting(t);
  await net.faults(0, { rpc_unhealthy: true });
  const sick = { code: -32005, message: 'Node is unhealthy', data: { numSlotsBehind: null } };
  assert.deepEqual(await net.error(0, 'getHealth'), sick);
  assert.deepEqual((await net.send(0, tx)).error, sick);
  assert.equal(typeof (await net.result(0, 'getSlot')), 'number');
  assert.equal((await net.send(0, tx, { skipPreflight: true })).result, tx.signature);
  await net.faults(0, { rpc_unhealthy: 'all' });
  assert.deepEqual(await net.error(0, 'getSlot'), sick);
});

test('drop_sends answers the signature and never lands', async (t) => {
  const { net, tx, to } = await setting(t);
  await net.faults(0, { drop_sends: 1 });
  assert.equal((await net.send(0, tx)).result, tx.signature);
  await net.pass(40);
  assert.equal(await net.status(0, tx.signature), null);
  assert.equal((await net.send(0, tx)).result, tx.signature, 'the same bytes again');
  assert.equal(await net.balance(0, to, 'processed'), SOL);
});

test('lose_answers lands and breaks the connection', async (t) => {
  const { net, tx, to } = await setting(t);
  await net.faults(0, { lose_answers: 1 });
  assert.notEqual(await cause(net.send(0, tx)), 'answered');
  assert.equal(await net.balance(0, to, 'processed'), SOL);
  assert.equal((await net.send(0, tx)).error.data.err, 'AlreadyProcessed');
  assert.equal((await fired(net, 0)).lose_answers, 1);
});

test('reject_sends says BlockhashNotFound of a good transaction', async (t) => {
  const { net, tx } = await setting(t);
  await net.faults(0, { reject_sends: 2 });
  for (let i = 0; i < 2; i++) {
    const { error } = await net.send(0, tx);
    assert.deepEqual([error.code, error.data.err], [-32002, 'BlockhashNotFound']);
  }
  assert.equal(await net.status(1, tx.signature), null);
  assert.equal((await net.send(0, tx)).result, tx.signature);
});

test('a fault order that is wrong anywhere changes nothing', async (t) => {
  const { net } = await setting(t);
  const wrong = [{ lag: -1 }, { lag: 5, speed: 1 }, { refuse: 1 }, { http_429: { count: 1, until_ms: 1 } }, { http_429: {} }, { drop_sends: '1' }, { lose_history: 'maybe' }];
  for (const body of wrong) {
    const r = await post(`${net.control}/fronts/0/faults`, body);
    assert.equal(r.status, 400, JSON.stringify(body));
    assert.equal(typeof (await r.json()).error, 'string');
  }
  assert.equal((await post(`${net.control}/fronts/9/faults`, {})).status, 404);
  assert.equal((await post(`${net.control}/fronts/0/faults`, '[1]')).status, 400);
  assert.equal((await post(`${net.control}/advance`, { slots: 0 })).status, 400);
  assert.equal((await post(`${net.control}/airdrop`, { to: 'x', lamports: 1 })).status, 400);
  assert.equal((await post(`${net.control}/nothing`, {})).status, 404);
  const { faults } = (await net.control_call('/state')).fronts[0];
  assert.deepEqual([faults.lag, faults.refuse, faults.http_429, faults.drop_sends], [0, false, null, 0]);
});

test('faults are set at start, shown by /state and ended by /clear', async (t) => {
  const { net, tx } = await setting(t, { faults: [null, { lag: 7, drop_sends: 3 }, { refuse: true }] });
  let { fronts } = await net.control_call('/state');
  assert.deepEqual([fronts[1].faults.lag, fronts[1].faults.drop_sends, fronts[2].listening], [7, 3, false]);
  await net.control_call('/clear', {});
  ({ fronts } = await net.control_call('/state'));
  assert.deepEqual([fronts[1].faults.lag, fronts[1].faults.drop_sends, fronts[2].listening], [0, 0, true]);
  await net.send(2, tx);
  const { ledger, fronts: counted } = await net.control_call('/counters');
  assert.deepEqual([ledger.landed, ledger.airdrops, counted[2].requests.sendTransaction, counted[1].requests.sendTransaction], [1, 1, 1, undefined]);
});

test('lamports by the control server arrive as a transaction', async (t) => {
  const { net } = await setting(t);
  const to = web3.Keypair.generate().publicKey;
  const { signature } = await net.control_call('/airdrop', { to: to.toBase58(), lamports: SOL });
  await net.control_call('/airdrop', { to: to.toBase58(), lamports: SOL });
  assert.equal(await net.balance(0, to, 'processed'), 2 * SOL);
  assert.equal((await net.status(1, signature)).err, null);
  await net.result(0, 'requestAirdrop', to.toBase58(), SOL);
  assert.equal(await net.balance(0, to, 'processed'), 3 * SOL);
});
