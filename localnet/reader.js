#!/usr/bin/env node
'use strict';
// An independent reader: what a wallet holds, at finalized, as the published packages read it.
//   reader.js --rpc URL --owner WALLET [--mint M] [--issuer KEY]
// One JSON line per token. With --issuer, issuer_verified says whether nobody else can have made it.
// Token-2022: issuer_expected is sha256(issuer, seed, token program), the only address that the
// issuer's own signature can have created with the seed that the token's field `thole_seed` names; is
// it the mint's? Metaplex: the issuer is a creator, marked verified by his own signature, and nobody
// else may change the metadata.
const { createHash } = require('node:crypto');
const { parseArgs } = require('node:util');
require('./quiet.js');
const { Connection, PublicKey } = require('@solana/web3.js');
const token = require('@solana/spl-token');
const { unpack } = require('@solana/spl-token-metadata');

const METAPLEX = new PublicKey('metaqbxxUerdq28cj1RbAWkYQm3ybzjb6a8bt518x1s');
const BATCH = 100;
const text_or_null = (key) => (key ? key.toBase58() : null);

// Metaplex metadata, walked field by field: lengths and padding differ between program versions.
function read_metaplex(data) {
  let at = 1;
  const take = (n) => data.subarray(at, (at += n));
  const key = () => new PublicKey(take(32)).toBase58();
  const text = () => take(take(4).readUInt32LE(0)).toString('utf8').replace(/\0+$/, '');
  const option = (read) => (take(1)[0] === 1 ? read() : null);
  if (data[0] !== 4) return null;
  const update_authority = key();
  const mint = key();
  const [name, symbol, uri] = [text(), text(), text()];
  const seller_fee_basis_points = take(2).readUInt16LE(0);
  const creators = option(() => {
    const n = take(4).readUInt32LE(0);
    return Array.from({ length: n }, () => ({ address: key(), verified: take(1)[0] === 1, share: take(1)[0] }));
  });
  at += 1; // primary sale happened
  const is_mutable = take(1)[0] === 1;
  option(() => take(1)); // edition nonce
  option(() => take(1)); // token standard
  const collection = option(() => ({ verified: take(1)[0] === 1, key: key() }));
  return { update_authority, mint, name, symbol, uri, seller_fee_basis_points, creators, is_mutable, collection };
}

// Metadata inside the mint itself; a pointer to anywhere else proves nothing and is not followed.
function read_token_2022(mint) {
  const pointer = token.getMetadataPointerState(mint);
  const value = token.getExtensionData(token.ExtensionType.TokenMetadata, mint.tlvData);
  if (!value || !pointer || !pointer.metadataAddress || !pointer.metadataAddress.equals(mint.address)) return null;
  const m = unpack(value);
  if (!m.mint.equals(mint.address)) return null;
  return { update_authority: text_or_null(m.updateAuthority), name: m.name, symbol: m.symbol, uri: m.uri, additional: m.additionalMetadata.map(([k, v]) => [k, v]) };
}

function issuer_check(issuer, { seed, program, mint, metaplex }) {
  const told = (verified) => ({ issuer_expected: null, issuer_verified: issuer ? verified : null });
  if (issuer && metaplex) {
    const signed = (metaplex.creators ?? []).some((c) => c.verified && c.address === issuer.toBase58());
    return told(signed && metaplex.update_authority === issuer.toBase58());
  }
  if (!issuer || seed === null) return told(false);
  const bytes = createHash('sha256').update(issuer.toBuffer()).update(seed, 'utf8').update(program.toBuffer()).digest();
  const expected = new PublicKey(bytes).toBase58();
  return { issuer_expected: expected, issuer_verified: expected === mint.toBase58() };
}

async function accounts_of(connection, keys) {
  const out = [];
  for (let i = 0; i < keys.length; i += BATCH) out.push(...(await connection.getMultipleAccountsInfo(keys.slice(i, i + BATCH), 'finalized')));
  return out;
}

function describe(account, mint, program, metaplex, issuer) {
  const extended = program.equals(token.TOKEN_2022_PROGRAM_ID) ? read_token_2022(mint) : null;
  const older = extended ? null : metaplex;
  const meta = extended ?? older;
  const pairs = extended?.additional ?? [];
  const seed = pairs.find(([k]) => k === 'thole_seed')?.[1] ?? null;
  return {
    mint: mint.address.toBase58(),
    owner: account.owner.toBase58(),
    token_account: account.address.toBase58(),
    token_program: program.toBase58(),
    amount: account.amount.toString(),
    supply: mint.supply.toString(),
    decimals: mint.decimals,
    mint_authority: text_or_null(mint.mintAuthority),
    freeze_authority: text_or_null(mint.freezeAuthority),
    standard: extended ? 'token-2022' : older ? 'metaplex' : null,
    name: meta?.name ?? null,
    symbol: meta?.symbol ?? null,
    uri: meta?.uri ?? null,
    update_authority: meta?.update_authority ?? null,
    additional_metadata: pairs,
    creators: older?.creators ?? null,
    collection: older?.collection ?? null,
    seed,
    issuer: text_or_null(issuer),
    ...issuer_check(issuer, { seed, program, mint: mint.address, metaplex: older }),
  };
}

async function read_wallet({ rpc, owner, mint = null, issuer = null }) {
  const connection = new Connection(rpc, 'finalized');
  const out = [];
  for (const program of [token.TOKEN_PROGRAM_ID, token.TOKEN_2022_PROGRAM_ID]) {
    const { value } = await connection.getTokenAccountsByOwner(owner, { programId: program }, 'finalized');
    const held = value.map((x) => token.unpackAccount(x.pubkey, x.account, program)).filter((a) => mint === null || a.mint.equals(mint));
    const mints = await accounts_of(connection, held.map((a) => a.mint));
    const pda = (a) => PublicKey.findProgramAddressSync([Buffer.from('metadata'), METAPLEX.toBuffer(), a.mint.toBuffer()], METAPLEX)[0];
    const metadata = await accounts_of(connection, held.map(pda));
    held.forEach((account, i) => {
      const m = token.unpackMint(account.mint, mints[i], program);
      const x = metadata[i] && metadata[i].owner.equals(METAPLEX) ? read_metaplex(metadata[i].data) : null;
      out.push(describe(account, m, program, x && x.mint === account.mint.toBase58() ? x : null, issuer));
    });
  }
  return out;
}

async function main() {
  const text = { type: 'string' };
  const { values } = parseArgs({ options: { rpc: text, owner: text, mint: text, issuer: text } });
  if (!values.rpc || !values.owner) throw new TypeError('usage: reader.js --rpc URL --owner WALLET [--mint M] [--issuer KEY]');
  const key = (v) => (v === undefined ? null : new PublicKey(v));
  const lines = await read_wallet({ rpc: values.rpc, owner: key(values.owner), mint: key(values.mint), issuer: key(values.issuer) });
  for (const line of lines) process.stdout.write(JSON.stringify(line) + '\n');
}

if (require.main === module) {
  main().catch((e) => {
    console.error(e.message);
    process.exitCode = e instanceof TypeError ? 2 : 1;
  });
}

module.exports = { issuer_check, read_wallet, read_metaplex };
