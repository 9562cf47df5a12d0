'use strict';
// Every instruction that a mint (or the take-over of a pre-funded address) is built of.
const { ComputeBudgetProgram, PublicKey, SystemProgram, TransactionInstruction } = require('@solana/web3.js');
const token = require('@solana/spl-token');
const meta = require('@solana/spl-token-metadata');
const { instruction_json } = require('../golden.js');
const { key } = require('./keys.js');

const T22 = token.TOKEN_2022_PROGRAM_ID;
const SPL = token.TOKEN_PROGRAM_ID;
const MEMO = new PublicKey('MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr');
const SEED = '0123456789abcdef0123456789abcdef';
const URI = 'ipfs://bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku';

const plain = (v) => {
  if (v instanceof PublicKey) return v.toBase58();
  if (typeof v === 'bigint') return v.toString();
  if (Array.isArray(v)) return v.map(plain);
  if (v && typeof v === 'object') return Object.fromEntries(Object.entries(v).map(([k, x]) => [k, plain(x)]));
  return v;
};
const entry = (name, args, ix) => ({ name, args: plain(args), ...instruction_json(ix) });

function budget() {
  const limit = [0, 200000, 1400000].map((units) =>
    entry('compute_budget.set_unit_limit', { units }, ComputeBudgetProgram.setComputeUnitLimit({ units })));
  const price = [0n, 1000n, 18446744073709551615n].map((p) =>
    entry('compute_budget.set_unit_price', { micro_lamports: p }, ComputeBudgetProgram.setComputeUnitPrice({ microLamports: p })));
  return [...limit, ...price];
}

function system() {
  const zero = new PublicKey('11111111111111111111111111111111');
  const transfer = { from: key.payer, to: key.owner, lamports: 123456789n };
  const create = { from: key.payer, new_account: key.mint, lamports: 1461600n, space: 82, owner: SPL };
  const with_seed = { from: key.payer, derived: key.other, base: key.payer, seed: SEED, lamports: 3000000n, space: 234, owner: T22 };
  const other_base = { ...with_seed, base: key.authority, seed: 'short' };
  const named = (a) => ({ fromPubkey: a.from, newAccountPubkey: a.derived, basePubkey: a.base, seed: a.seed, lamports: Number(a.lamports), space: a.space, programId: a.owner });
  const allocate = { account: key.other, base: key.payer, seed: SEED, space: 234, owner: T22 };
  const assign = { account: key.other, base: key.payer, seed: SEED, owner: T22 };
  return [
    entry('system.transfer', transfer, SystemProgram.transfer({ fromPubkey: transfer.from, toPubkey: transfer.to, lamports: transfer.lamports })),
    entry('system.create_account', create, SystemProgram.createAccount({ fromPubkey: create.from, newAccountPubkey: create.new_account, lamports: 1461600, space: 82, programId: SPL })),
    entry('system.create_account_with_seed', with_seed, SystemProgram.createAccountWithSeed(named(with_seed))),
    entry('system.create_account_with_seed', other_base, SystemProgram.createAccountWithSeed(named(other_base))),
    entry('system.allocate_with_seed', allocate, SystemProgram.allocate({ accountPubkey: allocate.account, basePubkey: allocate.base, seed: SEED, space: 234, programId: T22 })),
    entry('system.assign_with_seed', assign, SystemProgram.assign({ accountPubkey: assign.account, basePubkey: assign.base, seed: SEED, programId: T22 })),
    entry('system.transfer', { from: key.payer, to: zero, lamports: 0n }, SystemProgram.transfer({ fromPubkey: key.payer, toPubkey: zero, lamports: 0n })),
  ];
}

function spl_token() {
  const out = [];
  for (const program of [SPL, T22]) {
    for (const freeze of [null, key.authority]) {
      const a = { mint: key.mint, decimals: freeze ? 9 : 0, mint_authority: key.payer, freeze_authority: freeze, token_program: program };
      out.push(entry('token.initialize_mint2', a, token.createInitializeMint2Instruction(a.mint, a.decimals, a.mint_authority, freeze, program)));
    }
    for (const amount of [1n, 18446744073709551615n]) {
      const a = { mint: key.mint, destination: key.other, authority: key.payer, amount, token_program: program };
      out.push(entry('token.mint_to', a, token.createMintToInstruction(a.mint, a.destination, a.authority, amount, [], program)));
    }
    for (const [type, next] of [[0, null], [1, null], [2, key.owner], [3, key.owner], [0, key.other]]) {
      const a = { account: key.mint, authority: key.payer, authority_type: type, new_authority: next, token_program: program };
      out.push(entry('token.set_authority', a, token.createSetAuthorityInstruction(a.account, a.authority, type, next, [], program)));
    }
    const ata = token.getAssociatedTokenAddressSync(key.mint, key.owner, true, program);
    const a = { payer: key.payer, associated_token: ata, owner: key.owner, mint: key.mint, token_program: program };
    out.push(entry('associated_token.create_idempotent', a, token.createAssociatedTokenAccountIdempotentInstruction(a.payer, ata, a.owner, a.mint, program)));
  }
  return out;
}

function token_2022() {
  const field = (field, value) => {
    const a = { metadata: key.mint, update_authority: key.payer, field, value };
    return entry('token_metadata.update_field', a, meta.createUpdateFieldInstruction({ programId: T22, metadata: a.metadata, updateAuthority: a.update_authority, field, value }));
  };
  const init = (name, symbol, uri) => {
    const a = { metadata: key.mint, update_authority: key.payer, mint: key.mint, mint_authority: key.payer, name, symbol, uri };
    return entry('token_metadata.initialize', a, meta.createInitializeInstruction({ programId: T22, metadata: a.metadata, updateAuthority: a.update_authority, mint: a.mint, mintAuthority: a.mint_authority, name, symbol, uri }));
  };
  const authority = (next) => {
    const a = { metadata: key.mint, old_authority: key.payer, new_authority: next };
    return entry('token_metadata.update_authority', a, meta.createUpdateAuthorityInstruction({ programId: T22, metadata: a.metadata, oldAuthority: a.old_authority, newAuthority: next }));
  };
  const pointer = (auth) => {
    const a = { mint: key.mint, authority: auth, metadata_address: key.mint };
    return entry('token_2022.initialize_metadata_pointer', a, token.createInitializeMetadataPointerInstruction(a.mint, auth, a.metadata_address, T22));
  };
  const remove = (k, idempotent) => {
    const a = { metadata: key.mint, update_authority: key.payer, key: k, idempotent };
    return entry('token_metadata.remove_key', a, meta.createRemoveKeyInstruction({ programId: T22, metadata: a.metadata, updateAuthority: a.update_authority, key: k, idempotent }));
  };
  return [
    pointer(null), pointer(key.payer),
    init('Thole #1', 'THOLE', URI), init('', '', ''), init('Ünïcode 名', 'S', 'u'.repeat(200)),
    field('Name', 'New name'), field('Symbol', 'NEW'), field('Uri', URI), field('thole_seed', SEED), field('Level', ''),
    authority(null), authority(key.other),
    remove('Level', true), remove('Level', false),
  ].map((e) => (e.name === 'token_metadata.update_field' ? with_field_kind(e) : e));
}

// In this package "Name", "Symbol" and "Uri" mean the fixed fields and any other text a free key.
function with_field_kind(e) {
  const fixed = { Name: 0, Symbol: 1, Uri: 2 };
  const kind = fixed[e.args.field] ?? 3;
  return { ...e, args: { ...e.args, field_kind: kind } };
}

function memo() {
  const make = (text, signers) =>
    entry('memo', { text, signers }, new TransactionInstruction({
      programId: MEMO,
      keys: signers.map((pubkey) => ({ pubkey, isSigner: true, isWritable: false })),
      data: Buffer.from(text, 'utf8'),
    }));
  return [make('thole', []), make('0190d3b2-7e7c-7000-8000-000000000001', [key.payer]), make('é', [])];
}

const all = () => [...budget(), ...system(), ...spl_token(), ...token_2022(), ...memo()];

module.exports = { all, MEMO, SEED, URI };
