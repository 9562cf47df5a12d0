'use strict';
const test = require('node:test');
const assert = require('node:assert/strict');
const { execFile } = require('node:child_process');
const path = require('node:path');
const { promisify } = require('node:util');
const { local_net, nft, transfer, web3, token, T22, SOL } = require('./net.js');
const { issuer_check, read_metaplex } = require('../reader.js');

const golden = require('../../test/golden/metaplex/golden.json');

const SEED = '0123456789abcdef0123456789abcdef';

async function read(rpc, ...args) {
  const { stdout } = await promisify(execFile)(process.execPath, [path.join(__dirname, '../reader.js'), '--rpc', rpc, ...args]);
  return stdout.split('\n').filter(Boolean).map((line) => JSON.parse(line));
}

test('a Token-2022 NFT is minted with web3.js through one front and read through another', async (t) => {
  const net = await local_net(t, { slot_ms: 20 });
  const [issuer, owner] = [net.funded(), web3.Keypair.generate().publicKey];
  const connection = new web3.Connection(net.rpc[0], { commitment: 'confirmed', wsEndpoint: net.ws[0] });
  const { mint, instructions } = await nft(issuer, owner, SEED);

  const latest = await connection.getLatestBlockhash('processed');
  const message = new web3.TransactionMessage({ payerKey: issuer.publicKey, recentBlockhash: latest.blockhash, instructions });
  const tx = new web3.VersionedTransaction(message.compileToV0Message());
  tx.sign([issuer]);
  const signature = await connection.sendTransaction(tx, { preflightCommitment: 'processed', maxRetries: 0 });
  const confirmed = await connection.confirmTransaction({ signature, ...latest }, 'finalized');
  assert.equal(confirmed.value.err, null);
  assert.equal(net.fronts[0].counters.requests.signatureSubscribe, 1);

  const [line, ...more] = await read(net.rpc[1], '--owner', owner.toBase58(), '--issuer', issuer.publicKey.toBase58());
  assert.deepEqual(more, []);
  assert.equal(line.mint, mint.toBase58());
  assert.equal(line.owner, owner.toBase58());
  assert.equal(line.token_program, T22.toBase58());
  assert.deepEqual([line.amount, line.supply, line.decimals], ['1', '1', 0]);
  assert.deepEqual([line.mint_authority, line.freeze_authority], [null, null]);
  assert.deepEqual([line.name, line.symbol, line.uri], ['Thole #1', 'THOLE', 'ipfs://bafkrei']);
  assert.deepEqual(line.additional_metadata, [['thole_seed', SEED], ['Level', '3']]);
  assert.deepEqual([line.issuer_expected, line.issuer_verified], [mint.toBase58(), true]);

  const other = web3.Keypair.generate().publicKey.toBase58();
  const [stranger] = await read(net.rpc[1], '--owner', owner.toBase58(), '--mint', mint.toBase58(), '--issuer', other);
  assert.equal(stranger.issuer_verified, false);
  assert.deepEqual(await read(net.rpc[1], '--owner', owner.toBase58(), '--mint', other), []);
});

test('a second generation of the same mint cannot land', async (t) => {
  const net = await local_net(t);
  const [issuer, owner] = [net.funded(), web3.Keypair.generate().publicKey];
  const { instructions, mint, ata } = await nft(issuer, owner, SEED);
  const first = await net.sign(instructions, [issuer]);
  assert.equal((await net.send(0, first)).result, first.signature);
  await net.pass(1);
  const second = await net.sign(instructions, [issuer]);
  assert.notEqual(second.signature, first.signature);
  const { error } = await net.send(0, second);
  assert.deepEqual(error.data.err, { InstructionError: [1, { Custom: 0 }] });
  assert.equal((await net.send(0, second, { skipPreflight: true })).result, second.signature);
  assert.deepEqual((await net.status(0, second.signature)).err, { InstructionError: [1, { Custom: 0 }] });
  const supply = await net.result(0, 'getTokenSupply', mint.toBase58(), { commitment: 'processed' });
  assert.deepEqual(supply.value, { amount: '1', decimals: 0, uiAmount: 1, uiAmountString: '1' });
  const held = await net.result(0, 'getTokenAccountBalance', ata.toBase58(), { commitment: 'processed' });
  assert.equal(held.value.amount, '1');
});

test('the fee is what leaves the wallet, and getTransaction tells the rest', async (t) => {
  const net = await local_net(t);
  const issuer = net.funded(10 * SOL);
  const { instructions, mint, ata } = await nft(issuer, issuer.publicKey, 'fee');
  instructions.unshift(web3.ComputeBudgetProgram.setComputeUnitPrice({ microLamports: 12345 }));
  const tx = await net.sign(instructions, [issuer], { version: 0 });
  const message = web3.VersionedTransaction.deserialize(tx.bytes).message;
  const fee = await net.result(0, 'getFeeForMessage', Buffer.from(message.serialize()).toString('base64'), { commitment: 'processed' });
  assert.equal(fee.value, 5000 + Math.ceil((12345 * 300000) / 1e6));
  await net.send(0, tx);
  await net.pass(40);

  const got = await net.result(0, 'getTransaction', tx.signature, { maxSupportedTransactionVersion: 0 });
  assert.equal(got.meta.fee, fee.value);
  assert.equal(got.version, 0);
  const moved = got.meta.preBalances.reduce((a, b) => a + b) - got.meta.postBalances.reduce((a, b) => a + b);
  assert.equal(moved, fee.value);
  assert.deepEqual(got.meta.postTokenBalances.map((b) => [b.mint, b.owner, b.uiTokenAmount.amount]), [[mint.toBase58(), issuer.publicKey.toBase58(), '1']]);
  assert.deepEqual(got.meta.preTokenBalances, []);
  assert.ok(got.transaction.message.accountKeys.includes(ata.toBase58()));
  assert.equal((await net.error(0, 'getTransaction', tx.signature)).code, -32015);

  const raw = await net.result(0, 'getTransaction', tx.signature, { encoding: 'base64', maxSupportedTransactionVersion: 0 });
  assert.equal(raw.transaction[0], tx.wire);
  const parsed = await new web3.Connection(net.rpc[0]).getTransaction(tx.signature, { maxSupportedTransactionVersion: 0 });
  assert.equal(parsed.transaction.message.version, 0);
  assert.ok(parsed.meta.computeUnitsConsumed > 10000);

  const fees = await net.result(0, 'getRecentPrioritizationFees', [mint.toBase58()]);
  assert.equal(fees.length, 150 - (1000 + 149 - net.ledger.blocks.current.slot));
  assert.deepEqual(fees.filter((f) => f.prioritizationFee > 0).map((f) => f.prioritizationFee), [12345]);
});

test('token accounts are found by owner, by mint and by filter', async (t) => {
  const net = await local_net(t);
  const [issuer, a, b] = [net.funded(), web3.Keypair.generate().publicKey, web3.Keypair.generate().publicKey];
  const mints = [];
  for (const [seed, owner] of [['one', a], ['two', a], ['three', b]]) {
    const made = await nft(issuer, owner, seed);
    await net.send(0, await net.sign(made.instructions, [issuer]));
    mints.push(made);
  }
  await net.pass(40);
  const connection = new web3.Connection(net.rpc[2], 'finalized');
  const of_a = await connection.getTokenAccountsByOwner(a, { programId: T22 });
  assert.deepEqual(of_a.value.map((x) => x.pubkey.toBase58()).sort(), [mints[0].ata.toBase58(), mints[1].ata.toBase58()].sort());
  const one = await connection.getTokenAccountsByOwner(a, { mint: mints[1].mint });
  assert.deepEqual(one.value.map((x) => x.pubkey.toBase58()), [mints[1].ata.toBase58()]);
  assert.deepEqual((await connection.getTokenAccountsByOwner(a, { programId: token.TOKEN_PROGRAM_ID })).value, []);
  const found = await connection.getProgramAccounts(T22, { filters: [{ memcmp: { offset: 0, bytes: mints[2].mint.toBase58() } }] });
  assert.deepEqual(found.map((x) => x.pubkey.toBase58()), [mints[2].ata.toBase58()]);
  const native = await connection.getProgramAccounts(token.TOKEN_PROGRAM_ID, { filters: [{ dataSize: 82 }] });
  assert.deepEqual(native.map((x) => x.pubkey.toBase58()), [token.NATIVE_MINT.toBase58()]);
  const two = await connection.getMultipleAccountsInfo([mints[0].mint, a]);
  assert.deepEqual([two[0].owner.toBase58(), two[1]], [T22.toBase58(), null]);
});

test('simulation shows state after, replaces the blockhash and changes nothing', async (t) => {
  const net = await local_net(t);
  const issuer = net.funded();
  const to = web3.Keypair.generate().publicKey;
  const unknown = base58_of(7);
  const tx = await net.sign([transfer(issuer, to, SOL)], [issuer], { hash: { blockhash: unknown } });
  const options = { encoding: 'base64', commitment: 'processed' };
  assert.equal((await net.result(0, 'simulateTransaction', tx.wire, options)).value.err, 'BlockhashNotFound');
  const replaced = await net.result(0, 'simulateTransaction', tx.wire, { ...options, replaceRecentBlockhash: true, accounts: { addresses: [to.toBase58()] } });
  assert.equal(replaced.value.err, null);
  assert.equal(replaced.value.accounts[0].lamports, SOL);
  assert.equal(replaced.value.unitsConsumed, 150);
  assert.equal(replaced.value.replacementBlockhash.blockhash, (await net.fresh_hash()).blockhash);
  assert.equal(await net.balance(0, to, 'processed'), 0);
  assert.equal((await net.error(0, 'simulateTransaction', tx.wire, { ...options, sigVerify: true, replaceRecentBlockhash: true })).code, -32602);
});

const base58_of = (byte) => require('bs58').default.encode(Buffer.alloc(32, byte));

test('the reader walks Metaplex metadata of every golden image', () => {
  assert.ok(golden.metadata_accounts.length > 10);
  for (const { name, data, expect } of golden.metadata_accounts) {
    const m = read_metaplex(Buffer.from(data, 'hex'));
    for (const field of ['update_authority', 'mint', 'name', 'symbol', 'uri', 'seller_fee_basis_points', 'creators', 'is_mutable', 'collection']) {
      assert.deepEqual(m[field], expect[field], `${name}: ${field}`);
    }
  }
});

// proves: S9
test('the reader believes the issuer of Metaplex by his signature as a creator alone', () => {
  const image = (name) => read_metaplex(Buffer.from(golden.metadata_accounts.find((c) => c.name === `${name}.607.fee_0`).data, 'hex'));
  const judged = (metaplex, issuer) => issuer_check(issuer, { seed: null, program: token.TOKEN_PROGRAM_ID, mint: new web3.PublicKey(metaplex.mint), metaplex });
  const nft = image('nft');
  const us = new web3.PublicKey(nft.update_authority);
  const stranger = web3.Keypair.generate().publicKey;
  assert.deepEqual(judged(nft, us), { issuer_expected: null, issuer_verified: true });
  assert.equal(judged(image('frozen_five_creators'), us).issuer_verified, true);
  assert.equal(judged(nft, stranger).issuer_verified, false);
  assert.equal(judged(image('plain'), us).issuer_verified, false, 'no creators');
  const unsigned = { ...nft, creators: nft.creators.map((c) => ({ ...c, verified: false })) };
  assert.equal(judged(unsigned, us).issuer_verified, false, 'anybody may name a creator');
  assert.equal(judged({ ...nft, update_authority: stranger.toBase58() }, us).issuer_verified, false, 'a stranger may change it');
  assert.equal(judged(nft, null).issuer_verified, null, 'nobody asked');
});
