'use strict';
// The table of what a runtime answers, case by case.
const test = require('node:test');
const assert = require('node:assert/strict');
const { local_net, nft, post, sign, transfer, web3, token, T22, SOL } = require('./net.js');
const meta = require('@solana/spl-token-metadata');

const bs58 = require('bs58').default;
const RENT_0 = 890880;

async function setting(t) {
  const net = await local_net(t);
  const from = net.funded();
  const to = web3.Keypair.generate().publicKey;
  // The error of a pre-flighted send, checked to be -32002 with a simulation result.
  const refused = async (instructions, signers = [from]) => {
    const { error } = await net.send(0, await net.sign(instructions, signers));
    assert.equal(error?.code, -32002, JSON.stringify(error));
    assert.match(error.message, /^Transaction simulation failed: ./);
    assert.ok(Array.isArray(error.data.logs));
    return error.data.err;
  };
  return { net, from, to, refused };
}

test('unknown blockhash', async (t) => {
  const { net, from, to } = await setting(t);
  const tx = await net.sign([transfer(from, to, SOL)], [from], { hash: { blockhash: bs58.encode(Buffer.alloc(32, 9)) } });
  const { error } = await net.send(0, tx);
  assert.deepEqual([error.code, error.message, error.data.err], [-32002, 'Transaction simulation failed: Blockhash not found', 'BlockhashNotFound']);
});

test('duplicate signature', async (t) => {
  const { net, from, to } = await setting(t);
  const tx = await net.sign([transfer(from, to, SOL)], [from]);
  await net.send(0, tx);
  // Many transactions later, too: the runtime's own memory of them is short.
  for (let i = 0; i < 100; i++) await net.send(0, await net.sign([transfer(from, to, SOL / 100 + i)], [from]));
  const { error } = await net.send(0, tx);
  assert.deepEqual([error.code, error.message, error.data.err], [-32002, 'Transaction simulation failed: This transaction has already been processed', 'AlreadyProcessed']);
  const before = await net.balance(0, to, 'processed');
  assert.equal((await net.send(1, tx, { skipPreflight: true })).result, tx.signature);
  assert.equal(await net.balance(0, to, 'processed'), before);
  assert.equal(net.ledger.counters.duplicates, 1);
});

test('a payer that does not exist, or is too poor', async (t) => {
  const { net, to, refused } = await setting(t);
  const nobody = web3.Keypair.generate();
  assert.equal(await refused([transfer(nobody, to, 1)], [nobody]), 'AccountNotFound');
  const poor = net.funded(RENT_0 + 4000);
  assert.deepEqual(await refused([transfer(poor, to, 1)], [poor]), { InsufficientFundsForRent: { account_index: 0 } });
  const priced = [web3.ComputeBudgetProgram.setComputeUnitPrice({ microLamports: 1e9 }), transfer(poor, to, 1)];
  assert.equal(await refused(priced, [poor]), 'InsufficientFundsForFee');
});

test('what never got into a block has no status and may be sent again', async (t) => {
  const { net, to } = await setting(t);
  const late = web3.Keypair.generate();
  const tx = await net.sign([transfer(late, to, SOL)], [late]);
  assert.equal((await net.send(0, tx, { skipPreflight: true })).result, tx.signature);
  assert.equal(await net.status(0, tx.signature), null);
  await net.control_call('/airdrop', { to: late.publicKey.toBase58(), lamports: 2 * SOL });
  assert.equal((await net.send(0, tx)).result, tx.signature);
  assert.equal((await net.status(0, tx.signature)).err, null);
});

test('more than the balance: refused by preflight, or lands as an error and costs the fee', async (t) => {
  const { net, from, to, refused } = await setting(t);
  assert.deepEqual(await refused([transfer(from, to, 1000 * SOL)]), { InstructionError: [0, { Custom: 1 }] });
  const before = await net.balance(0, from.publicKey, 'processed');
  const tx = await net.sign([transfer(from, to, 1000 * SOL)], [from]);
  assert.equal((await net.send(0, tx, { skipPreflight: true })).result, tx.signature);
  const status = await net.status(0, tx.signature);
  assert.deepEqual(status.err, { InstructionError: [0, { Custom: 1 }] });
  assert.deepEqual(status.status, { Err: status.err });
  assert.equal(await net.balance(0, from.publicKey, 'processed'), before - 5000);
  await net.pass(40);
  assert.deepEqual((await net.result(0, 'getTransaction', tx.signature)).meta.err, status.err);
});

test('accounts: taken, or under rent', async (t) => {
  const { from, to, refused } = await setting(t);
  const taken = web3.SystemProgram.createAccount({ fromPubkey: from.publicKey, newAccountPubkey: from.publicKey, lamports: 1461600, space: 82, programId: T22 });
  assert.deepEqual(await refused([taken]), { InstructionError: [0, { Custom: 0 }] });
  assert.deepEqual(await refused([transfer(from, to, 1000)]), { InsufficientFundsForRent: { account_index: 1 } });
});

test('a wrong signature', async (t) => {
  const { net, from, to } = await setting(t);
  const tx = await net.sign([transfer(from, to, SOL)], [from]);
  tx.bytes[3] ^= 1;
  const wire = tx.bytes.toString('base64');
  const error = await net.error(0, 'sendTransaction', wire, { encoding: 'base64', preflightCommitment: 'processed' });
  assert.deepEqual(error, { code: -32003, message: 'Transaction signature verification failure' });
  assert.equal((await net.error(0, 'simulateTransaction', wire, { encoding: 'base64', commitment: 'processed', sigVerify: true })).code, -32003);
  const sent = await net.result(0, 'sendTransaction', wire, { encoding: 'base64', skipPreflight: true });
  assert.equal(await net.status(0, sent), null);
  assert.equal(await net.balance(0, to, 'processed'), 0);
});

test('compute units, missing program', async (t) => {
  const { from, to, refused } = await setting(t);
  const made = await nft(from, to, 'units');
  // Too little for a built-in program and too little for a loaded one are two different errors.
  for (const [units, error] of [[200, [1, 'ComputationalBudgetExceeded']], [2000, [3, 'ProgramFailedToComplete']]]) {
    made.instructions[0] = web3.ComputeBudgetProgram.setComputeUnitLimit({ units });
    assert.deepEqual(await refused(made.instructions), { InstructionError: error });
  }
  const nowhere = new web3.TransactionInstruction({ programId: web3.Keypair.generate().publicKey, keys: [], data: Buffer.alloc(0) });
  assert.equal(await refused([nowhere]), 'ProgramAccountNotFound');
});

test('tokens: after the authority is gone', async (t) => {
  const { net, from, refused } = await setting(t);
  const { mint, ata, instructions } = await nft(from, from.publicKey, 'gone');
  const none = meta.createUpdateAuthorityInstruction({ programId: T22, metadata: mint, oldAuthority: from.publicKey, newAuthority: null });
  await net.send(0, await net.sign([...instructions, none], [from]));
  assert.deepEqual(await refused([token.createMintToInstruction(mint, ata, from.publicKey, 1, [], T22)]), { InstructionError: [0, { Custom: 5 }] });
  const field = meta.createUpdateFieldInstruction({ programId: T22, metadata: mint, updateAuthority: from.publicKey, field: 'Name', value: 'x' });
  assert.deepEqual(await refused([field]), { InstructionError: [0, { Custom: 901952961 }] });
});

test('what is no transaction', async (t) => {
  const { net, from, to } = await setting(t);
  const tx = await net.sign([transfer(from, to, SOL)], [from]);
  const send = (bytes) => net.error(0, 'sendTransaction', Buffer.from(bytes).toString('base64'), { encoding: 'base64' });
  const cut = tx.bytes.subarray(0, -1);
  const longer = Buffer.concat([tx.bytes, Buffer.from([0])]);
  const alias = Buffer.concat([Buffer.from([0x81, 0x00]), tx.bytes.subarray(1)]);
  const unknown_version = Buffer.from(tx.bytes);
  unknown_version[65] = 0x81;
  for (const bytes of [Buffer.alloc(0), Buffer.from('garbage'), cut, longer, alias, unknown_version, Buffer.alloc(1233, 1)]) {
    assert.equal((await send(bytes)).code, -32602);
  }
  assert.match((await send(Buffer.alloc(1233, 1))).message, /too large: 1233 bytes/);
  assert.equal((await net.error(0, 'sendTransaction', tx.wire)).code, -32602, 'base58 is the default');
  assert.equal((await net.error(0, 'sendTransaction', tx.wire, { encoding: 'hex' })).code, -32602);
  assert.equal((await net.error(0, 'sendTransaction', 'a===', { encoding: 'base64' })).code, -32602);
  const by58 = await net.result(0, 'sendTransaction', bs58.encode(tx.bytes), { preflightCommitment: 'processed' });
  assert.equal(by58, tx.signature);
});

test('JSON-RPC: broken, batched, oversized, unknown', async (t) => {
  const { net, from } = await setting(t);
  const url = net.rpc[0];
  const json = async (body) => (await post(url, body)).json();
  assert.equal((await json('{"a":')).error.code, -32700);
  assert.equal((await json('[]')).error.code, -32600);
  assert.equal((await json('{"id":1,"method":"getSlot"}')).error.code, -32600);
  assert.equal((await net.error(0, 'getNothing')).code, -32601);
  assert.equal((await net.error(0, 'toString')).code, -32601);
  const batch = await json([{ jsonrpc: '2.0', id: 'a', method: 'getSlot' }, 5, { jsonrpc: '2.0', id: 2, method: 'x' }, { jsonrpc: '2.0', method: 'getSlot' }]);
  assert.deepEqual(batch.map((r) => [r.id, r.error?.code]), [['a', undefined], [null, -32600], [2, -32601]]);
  assert.equal(await (await post(url, { jsonrpc: '2.0', method: 'getSlot' })).text(), '');
  assert.equal((await post(url, ' '.repeat(60 * 1024))).status, 413);
  assert.equal((await post(url, '{}', 'text/plain')).status, 415);
  assert.equal((await fetch(url)).status, 405);
  assert.equal(await (await fetch(`${url}/health`)).text(), 'ok');

  const key = from.publicKey.toBase58();
  const bad = [['getBalance'], ['getBalance', 'O0'], ['getBalance', 'abc'], ['getBalance', key, 'x'], ['getBalance', key, { commitment: 'max' }],
    ['getMultipleAccounts', Array(101).fill(key)], ['getSignatureStatuses', Array(257).fill('x')], ['getSignatureStatuses', ['x']],
    ['getMinimumBalanceForRentExemption', -1], ['getTokenAccountsByOwner', key, { programId: key }], ['getTokenSupply', key], ['getSlot', { minContextSlot: 'x' }]];
  for (const [method, ...params] of bad) assert.equal((await net.error(0, method, ...params)).code, -32602, `${method} ${params}`);
  assert.equal((await json({ jsonrpc: '2.0', id: 1, method: 'getSlot', params: { a: 1 } })).error.code, -32602);
});

test('accounts in every encoding, and 64-bit numbers to the last digit', async (t) => {
  const { net, from } = await setting(t);
  await net.pass(40);
  const key = from.publicKey.toBase58();
  const text = await (await post(net.rpc[0], { jsonrpc: '2.0', id: 1, method: 'getAccountInfo', params: [key, { encoding: 'base64' }] })).text();
  assert.match(text, /"rentEpoch":18446744073709551615,/);
  const program = token.TOKEN_PROGRAM_ID.toBase58();
  const data = async (cfg) => (await net.result(0, 'getAccountInfo', program, cfg)).value.data;
  const whole = Buffer.from((await data({ encoding: 'base64' }))[0], 'base64');
  assert.deepEqual(await data({ encoding: 'base64', dataSlice: { offset: 1, length: 3 } }), [whole.subarray(1, 4).toString('base64'), 'base64']);
  assert.deepEqual(await data({ encoding: 'base58' }), [bs58.encode(whole), 'base58']);
  assert.equal(await data({}), bs58.encode(whole));
  const mint = token.NATIVE_MINT.toBase58();
  assert.equal((await net.result(0, 'getAccountInfo', mint, { encoding: 'base64' })).value.space, 82);
  assert.equal(await net.result(0, 'getMinimumBalanceForRentExemption', 0), RENT_0);
  assert.equal((await net.error(0, 'getAccountInfo', program, { encoding: 'hex' })).code, -32602);
  assert.equal(sign([], [from], bs58.encode(Buffer.alloc(32))).signature.length > 80, true);
});
