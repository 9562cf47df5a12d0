// What somebody with the wallet's key, or without it, does on the chain while the daemon does not
// look: with the published packages, through the front that the daemon does not use.
'use strict';
const fs = require('node:fs');
const { DatabaseSync } = require('node:sqlite');
require('./quiet.js');
const spl = require('@solana/spl-token');
const meta = require('@solana/spl-token-metadata');
const { Connection, Keypair, PublicKey, SystemProgram, Transaction } = require('@solana/web3.js');
const { sleep } = require('./demo/daemon.js');

const PROGRAM = spl.TOKEN_2022_PROGRAM_ID;
const connect = (world) => new Connection(world.ledger.rpc[3], 'confirmed');
const walletOf = (world) =>
  Keypair.fromSecretKey(Uint8Array.from(JSON.parse(fs.readFileSync(`${world.folder}/wallet.json`, 'utf8'))));

// Sent and final.
async function carryOut(world, instructions, signers) {
  const connection = connect(world);
  const { blockhash } = await connection.getLatestBlockhash('confirmed');
  const transaction = new Transaction({ feePayer: signers[0].publicKey, recentBlockhash: blockhash }).add(...instructions);
  transaction.sign(...signers);
  const signature = await connection.sendRawTransaction(transaction.serialize());
  for (let left = 400; left > 0; left -= 1) {
    const { value } = await connection.getSignatureStatuses([signature]);
    if (value[0]?.err) throw new Error(JSON.stringify(value[0].err));
    if (value[0]?.confirmationStatus === 'finalized') return;
    await sleep(25);
  }
  throw new Error(`${signature} is not final`);
}

async function swapUri(world, mint, uri) {
  const wallet = walletOf(world);
  const update = meta.createUpdateFieldInstruction({
    programId: PROGRAM, metadata: new PublicKey(mint), updateAuthority: wallet.publicKey, field: 'uri', value: uri,
  });
  await carryOut(world, [update], [wallet]);
}

async function uriOf(world, mint) {
  const connection = new Connection(world.ledger.rpc[3], 'finalized');
  return (await spl.getTokenMetadata(connection, new PublicKey(mint), 'finalized')).uri;
}

// The seed under which the daemon accepted the mint: out of its journal, as a thief would.
function seedOf(world, mint) {
  const journal = new DatabaseSync(`${world.folder}/data/journal.sqlite`, { readOnly: true });
  const tables = journal.prepare("select name from sqlite_master where type = 'table'").all();
  for (const { name } of tables) {
    for (const row of journal.prepare(`select * from "${name}"`).all()) {
      for (const value of Object.values(row)) {
        const text = value instanceof Uint8Array ? Buffer.from(value).toString() : String(value);
        const seed = text.includes(mint) && /"seed":"([0-9a-f]+)"/.exec(text);
        if (seed) return seed[1];
      }
    }
  }
  throw new Error(`the journal has no seed of ${mint}`);
}

// One token at that address whose mint points to metadata of its own and has none.
async function mintBare(world, seed, owner) {
  const wallet = walletOf(world);
  const payer = wallet.publicKey;
  const mint = await PublicKey.createWithSeed(payer, seed, PROGRAM);
  const to = new PublicKey(owner);
  const space = spl.getMintLen([spl.ExtensionType.MetadataPointer]);
  const lamports = await connect(world).getMinimumBalanceForRentExemption(space);
  const holding = spl.getAssociatedTokenAddressSync(mint, to, true, PROGRAM);
  await carryOut(world, [
    SystemProgram.createAccountWithSeed({ fromPubkey: payer, newAccountPubkey: mint, basePubkey: payer, seed, lamports, space, programId: PROGRAM }),
    spl.createInitializeMetadataPointerInstruction(mint, payer, mint, PROGRAM),
    spl.createInitializeMint2Instruction(mint, 0, payer, null, PROGRAM),
    spl.createAssociatedTokenAccountIdempotentInstruction(payer, holding, to, mint, PROGRAM),
    spl.createMintToInstruction(mint, holding, payer, 1, [], PROGRAM),
  ], [wallet]);
  return mint.toBase58();
}

// A stranger's token that copies name, symbol, URI and update authority of a genuine one.
async function forge(world, { owner, uri, name, symbol, authority }) {
  const thief = Keypair.fromSeed(world.chance.bytes(32));
  await fetch(`${world.ledger.control}/airdrop`, {
    method: 'POST', headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ to: thief.publicKey.toBase58(), lamports: 1_000_000_000 }),
  });
  const mint = Keypair.fromSeed(world.chance.bytes(32));
  const to = new PublicKey(owner);
  const space = spl.getMintLen([spl.ExtensionType.MetadataPointer]);
  const lamports = await connect(world).getMinimumBalanceForRentExemption(space + 400 + uri.length);
  const holding = spl.getAssociatedTokenAddressSync(mint.publicKey, to, true, PROGRAM);
  const payer = thief.publicKey;
  await carryOut(world, [
    SystemProgram.createAccount({ fromPubkey: payer, newAccountPubkey: mint.publicKey, lamports, space, programId: PROGRAM }),
    spl.createInitializeMetadataPointerInstruction(mint.publicKey, payer, mint.publicKey, PROGRAM),
    spl.createInitializeMint2Instruction(mint.publicKey, 0, payer, null, PROGRAM),
    meta.createInitializeInstruction({
      programId: PROGRAM, mint: mint.publicKey, metadata: mint.publicKey, mintAuthority: payer,
      updateAuthority: new PublicKey(authority), name, symbol, uri,
    }),
    spl.createAssociatedTokenAccountIdempotentInstruction(payer, holding, to, mint.publicKey, PROGRAM),
    spl.createMintToInstruction(mint.publicKey, holding, payer, 1, [], PROGRAM),
    spl.createSetAuthorityInstruction(mint.publicKey, payer, spl.AuthorityType.MintTokens, null, [], PROGRAM),
  ], [thief, mint]);
  return mint.publicKey.toBase58();
}

const someAddress = (world) => Keypair.fromSeed(world.chance.bytes(32)).publicKey.toBase58();

module.exports = { forge, mintBare, seedOf, someAddress, swapUri, uriOf };
