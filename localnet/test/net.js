'use strict';
// What the tests share: a localnet in this process with time standing still unless told otherwise,
// raw JSON-RPC calls, and transactions built by the published packages.
const assert = require('node:assert/strict');
const web3 = require('@solana/web3.js');
const token = require('@solana/spl-token');
const meta = require('@solana/spl-token-metadata');
const { start } = require('../localnet.js');

const T22 = token.TOKEN_2022_PROGRAM_ID;
const SOL = 1_000_000_000;

async function post(url, body, type = 'application/json') {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return fetch(url, { method: 'POST', headers: { 'content-type': type }, body: text });
}

async function local_net(t, options = {}) {
  const net = await start({ slot_ms: 0, ...options });
  t.after(() => net.stop());

  net.call = async (front, method, ...params) => {
    const r = await post(net.rpc[front], { jsonrpc: '2.0', id: 7, method, params });
    const json = await r.json();
    assert.equal(json.jsonrpc, '2.0');
    assert.equal(json.id, 7);
    return json;
  };
  net.result = async (front, method, ...params) => {
    const { result, error } = await net.call(front, method, ...params);
    assert.equal(error, undefined, `${method}: ${JSON.stringify(error)}`);
    return result;
  };
  net.error = async (front, method, ...params) => {
    const { result, error } = await net.call(front, method, ...params);
    assert.equal(result, undefined, `${method}: ${JSON.stringify(result)}`);
    return error;
  };
  net.control_call = async (path, body) => {
    const r = await (body === undefined ? fetch(net.control + path) : post(net.control + path, body));
    const json = await r.json();
    assert.equal(r.status, 200, `${path}: ${JSON.stringify(json)}`);
    return json;
  };
  net.faults = (front, faults) => net.control_call(`/fronts/${front}/faults`, faults);
  net.pass = (slots, skipped = false) => net.control_call('/advance', { slots, skipped });
  net.funded = (lamports = 10 * SOL) => {
    const wallet = web3.Keypair.generate();
    assert.ok(net.ledger.airdrop(wallet.publicKey.toBytes(), BigInt(lamports)).ok);
    return wallet;
  };
  net.fresh_hash = async (commitment = 'processed', front = 0) =>
    (await net.result(front, 'getLatestBlockhash', { commitment })).value;
  // A signed transaction with the newest blockhash: { wire (base64), signature, last_valid }.
  net.sign = async (instructions, signers, { version = 'legacy', hash = null } = {}) => {
    const { blockhash, lastValidBlockHeight } = hash ?? (await net.fresh_hash());
    return { ...sign(instructions, signers, blockhash, version), last_valid: lastValidBlockHeight };
  };
  net.send = (front, tx, options = {}) =>
    net.call(front, 'sendTransaction', tx.wire, { encoding: 'base64', preflightCommitment: 'processed', ...options });
  net.status = async (front, signature, options) =>
    (await net.result(front, 'getSignatureStatuses', [signature], options ?? { searchTransactionHistory: true })).value[0];
  net.balance = async (front, key, commitment) => (await net.result(front, 'getBalance', key.toBase58(), { commitment })).value;
  return net;
}

function sign(instructions, signers, blockhash, version = 'legacy') {
  const message = new web3.TransactionMessage({ payerKey: signers[0].publicKey, recentBlockhash: blockhash, instructions });
  const tx = new web3.VersionedTransaction(version === 'legacy' ? message.compileToLegacyMessage() : message.compileToV0Message());
  tx.sign(signers);
  const bytes = Buffer.from(tx.serialize());
  return { bytes, wire: bytes.toString('base64'), signature: base58(tx.signatures[0]) };
}

const base58 = (bytes) => require('bs58').default.encode(bytes);
const transfer = (from, to, lamports) => web3.SystemProgram.transfer({ fromPubkey: from.publicKey, toPubkey: to, lamports });
const lamports_for = (bytes) => (bytes + 128) * 6960;

// The mint of one NFT at the address that issuer and seed fix, one signature.
async function nft(issuer, owner, seed, { name = 'Thole #1', symbol = 'THOLE', uri = 'ipfs://bafkrei' } = {}) {
  const payer = issuer.publicKey;
  const mint = await web3.PublicKey.createWithSeed(payer, seed, T22);
  const ata = token.getAssociatedTokenAddressSync(mint, owner, true, T22);
  const metadata = { updateAuthority: payer, mint, name, symbol, uri, additionalMetadata: [['thole_seed', seed], ['Level', '3']] };
  const lamports = lamports_for(234 + 4 + meta.pack(metadata).length);
  const field = (key, value) => meta.createUpdateFieldInstruction({ programId: T22, metadata: mint, updateAuthority: payer, field: key, value });
  const instructions = [
    web3.ComputeBudgetProgram.setComputeUnitLimit({ units: 300000 }),
    web3.SystemProgram.createAccountWithSeed({ fromPubkey: payer, newAccountPubkey: mint, basePubkey: payer, seed, lamports, space: 234, programId: T22 }),
    token.createInitializeMetadataPointerInstruction(mint, null, mint, T22),
    token.createInitializeMint2Instruction(mint, 0, payer, null, T22),
    meta.createInitializeInstruction({ programId: T22, metadata: mint, updateAuthority: payer, mint, mintAuthority: payer, name, symbol, uri }),
    field('thole_seed', seed), field('Level', '3'),
    token.createAssociatedTokenAccountIdempotentInstruction(payer, ata, owner, mint, T22),
    token.createMintToInstruction(mint, ata, payer, 1, [], T22),
    token.createSetAuthorityInstruction(mint, payer, token.AuthorityType.MintTokens, null, [], T22),
  ];
  return { mint, ata, instructions, seed };
}

module.exports = { local_net, post, sign, base58, transfer, nft, web3, token, T22, SOL };
