'use strict';
// Whole messages and signed transactions. Key order is that of web3.js TransactionMessage: payer,
// then in order of first mention (an instruction mentions its program before its keys), grouped
// writable signers, readonly signers, writable others, readonly others.
const { AddressLookupTableAccount, ComputeBudgetProgram, PublicKey, SystemProgram, TransactionInstruction, TransactionMessage, VersionedTransaction } = require('@solana/web3.js');
const { createHash } = require('node:crypto');
const bs58 = require('bs58').default;
const token = require('@solana/spl-token');
const meta = require('@solana/spl-token-metadata');
const { digest, hex, instruction_json } = require('../golden.js');
const { key, keypair } = require('./keys.js');
const { MEMO, SEED, URI } = require('./instructions.js');

const T22 = token.TOKEN_2022_PROGRAM_ID;
const memo = (n, keys = []) => new TransactionInstruction({ programId: MEMO, keys, data: Buffer.alloc(n, 'm') });
const transfer = (lamports) => SystemProgram.transfer({ fromPubkey: key.payer, toPubkey: key.owner, lamports });

// The one-signature Token-2022 mint at a seed-derived address.
function seeded_mint() {
  const mint = new PublicKey(createHash('sha256').update(key.payer.toBuffer()).update(SEED).update(T22.toBuffer()).digest());
  const ata = token.getAssociatedTokenAddressSync(mint, key.owner, true, T22);
  return [
    ComputeBudgetProgram.setComputeUnitLimit({ units: 60000 }),
    ComputeBudgetProgram.setComputeUnitPrice({ microLamports: 1000 }),
    SystemProgram.createAccountWithSeed({ fromPubkey: key.payer, newAccountPubkey: mint, basePubkey: key.payer, seed: SEED, lamports: 4000000, space: 234, programId: T22 }),
    token.createInitializeMetadataPointerInstruction(mint, null, mint, T22),
    token.createInitializeMint2Instruction(mint, 0, key.payer, null, T22),
    meta.createInitializeInstruction({ programId: T22, metadata: mint, updateAuthority: key.payer, mint, mintAuthority: key.payer, name: 'Thole #1', symbol: 'THOLE', uri: URI }),
    meta.createUpdateFieldInstruction({ programId: T22, metadata: mint, updateAuthority: key.payer, field: 'thole_seed', value: SEED }),
    token.createAssociatedTokenAccountIdempotentInstruction(key.payer, ata, key.owner, mint, T22),
    token.createMintToInstruction(mint, ata, key.payer, 1, [], T22),
    token.createSetAuthorityInstruction(mint, key.payer, token.AuthorityType.MintTokens, null, [], T22),
  ];
}

// Merging of mentions: the same key readonly, then writable, then as a signer; a program as a key.
function merged() {
  const as = (pubkey, isSigner, isWritable) => ({ pubkey, isSigner, isWritable });
  return [
    memo(3, [as(key.other, false, false), as(key.second_signer, true, false)]),
    new TransactionInstruction({ programId: T22, keys: [as(key.other, false, true), as(MEMO, false, false), as(key.authority, true, true)], data: Buffer.from([1]) }),
    memo(1, [as(key.second_signer, true, true), as(key.owner, false, false), as(T22, false, true)]),
  ];
}

function make(name, version, instructions, signers, tables = []) {
  const blockhash = bs58.encode(digest(`blockhash:${name}`));
  const message = new TransactionMessage({ payerKey: key.payer, recentBlockhash: blockhash, instructions });
  const compiled = version === 'legacy' ? message.compileToLegacyMessage() : message.compileToV0Message(tables);
  const tx = new VersionedTransaction(compiled);
  tx.sign(signers.map((n) => keypair[n]));
  const wire = tx.serialize();
  return {
    name, version, payer: key.payer.toBase58(), blockhash, signers,
    instructions: instructions.map(instruction_json),
    lookup_tables: tables.map((t) => ({ key: t.key.toBase58(), addresses: t.state.addresses.map((a) => a.toBase58()) })),
    header: [compiled.header.numRequiredSignatures, compiled.header.numReadonlySignedAccounts, compiled.header.numReadonlyUnsignedAccounts],
    static_keys: compiled.staticAccountKeys.map((k) => k.toBase58()),
    message: hex(compiled.serialize()),
    signatures: tx.signatures.map(hex),
    id: bs58.encode(tx.signatures[0]),
    transaction: hex(wire),
  };
}

function table() {
  const addresses = [key.other, key.owner, new PublicKey(digest('table:extra'))];
  const state = { deactivationSlot: 18446744073709551615n, lastExtendedSlot: 1, lastExtendedSlotStartIndex: 0, addresses };
  return new AddressLookupTableAccount({ key: new PublicKey(digest('table')), state });
}

function all() {
  const out = [];
  for (const version of ['legacy', 0]) {
    out.push(make(`transfer.${version}`, version, [transfer(1)], ['payer']));
    out.push(make(`memo_data_0.${version}`, version, [memo(0)], ['payer']));
    out.push(make(`memo_data_127.${version}`, version, [memo(127)], ['payer']));
    out.push(make(`memo_data_128.${version}`, version, [memo(128)], ['payer']));
    out.push(make(`memo_data_900.${version}`, version, [memo(900)], ['payer']));
    out.push(make(`merged.${version}`, version, merged(), ['payer', 'second_signer', 'authority']));
    out.push(make(`seeded_mint.${version}`, version, seeded_mint(), ['payer']));
  }
  out.push(make('lookup.0', 0, [transfer(5), memo(4)], ['payer'], [table()]));
  return out;
}

module.exports = { all };
