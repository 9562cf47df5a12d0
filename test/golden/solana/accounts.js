'use strict';
// Account images as the programs leave them, built with the packages' own layouts and read back
// with their own readers, so that the expected values are theirs too.
const { PublicKey } = require('@solana/web3.js');
const token = require('@solana/spl-token');
const meta = require('@solana/spl-token-metadata');
const { hex, digest } = require('../golden.js');
const { key } = require('./keys.js');
const { SEED, URI } = require('./instructions.js');

const T22 = token.TOKEN_2022_PROGRAM_ID;
const SPL = token.TOKEN_PROGRAM_ID;
const base58_or_null = (k) => (k ? k.toBase58() : null);
const info = (data, owner) => ({ data, owner, executable: false, lamports: 1, rentEpoch: 0 });

function mint_bytes({ supply, decimals, authority, freeze, stale }) {
  const data = Buffer.alloc(token.MINT_SIZE);
  const old = stale ? key.authority : PublicKey.default;
  token.MintLayout.encode({
    mintAuthorityOption: authority ? 1 : 0, mintAuthority: authority ?? old, supply, decimals,
    isInitialized: true, freezeAuthorityOption: freeze ? 1 : 0, freezeAuthority: freeze ?? old,
  }, data);
  return data;
}

function mint_case(name, program, data) {
  const m = token.unpackMint(key.mint, info(data, program), program);
  return {
    name, kind: 'mint', token_program: program.toBase58(), data: hex(data),
    expect: { supply: m.supply.toString(), decimals: m.decimals, mint_authority: base58_or_null(m.mintAuthority), freeze_authority: base58_or_null(m.freezeAuthority), initialized: m.isInitialized },
  };
}

function tlv(type, value) {
  const head = Buffer.alloc(4);
  head.writeUInt16LE(type, 0);
  head.writeUInt16LE(value.length, 2);
  return Buffer.concat([head, value]);
}

function token_2022_mint(name, args, metadata, pointer_authority) {
  const base = Buffer.concat([mint_bytes(args), Buffer.alloc(165 - 82), Buffer.from([1])]);
  const pointer = Buffer.concat([pointer_authority ? pointer_authority.toBuffer() : Buffer.alloc(32), key.mint.toBuffer()]);
  const value = Buffer.from(meta.pack(metadata));
  const data = Buffer.concat([base, tlv(token.ExtensionType.MetadataPointer, pointer), tlv(token.ExtensionType.TokenMetadata, value)]);
  const out = mint_case(name, T22, data);
  const mint = token.unpackMint(key.mint, info(data, T22), T22);
  const read = meta.unpack(token.getExtensionData(token.ExtensionType.TokenMetadata, mint.tlvData));
  const at = token.getMetadataPointerState(mint);
  out.kind = 'mint_with_metadata';
  out.expect.metadata_pointer = { authority: base58_or_null(at.authority), address: base58_or_null(at.metadataAddress) };
  out.expect.metadata = {
    update_authority: base58_or_null(read.updateAuthority), mint: read.mint.toBase58(), name: read.name, symbol: read.symbol,
    uri: read.uri, additional: read.additionalMetadata,
  };
  out.expect.metadata_length = value.length;
  return out;
}

function token_account(name, program, amount, state, extra) {
  const data = Buffer.alloc(token.ACCOUNT_SIZE);
  token.AccountLayout.encode({
    mint: key.mint, owner: key.owner, amount, delegateOption: 0, delegate: PublicKey.default, delegatedAmount: 0n,
    state, isNativeOption: 0, isNative: 0n, closeAuthorityOption: 0, closeAuthority: PublicKey.default,
  }, data);
  const whole = Buffer.concat([data, extra]);
  const a = token.unpackAccount(key.other, info(whole, program), program);
  return {
    name, kind: 'token_account', token_program: program.toBase58(), data: hex(whole),
    expect: { mint: a.mint.toBase58(), owner: a.owner.toBase58(), amount: a.amount.toString(), frozen: a.isFrozen, initialized: a.isInitialized },
  };
}

function all() {
  const nft = { supply: 1n, decimals: 0, authority: null, freeze: null };
  const metadata = { updateAuthority: key.payer, mint: key.mint, name: 'Thole #1', symbol: 'THOLE', uri: URI, additionalMetadata: [['thole_seed', SEED], ['Level', '3']] };
  const bare = { mint: key.mint, name: '', symbol: '', uri: '', additionalMetadata: [] };
  const immutable_owner = Buffer.concat([Buffer.from([2]), tlv(token.ExtensionType.ImmutableOwner, Buffer.alloc(0))]);
  return [
    mint_case('mint.open', SPL, mint_bytes({ supply: 0n, decimals: 9, authority: key.payer, freeze: key.authority })),
    mint_case('mint.revoked', SPL, mint_bytes(nft)),
    mint_case('mint.revoked_with_stale_key_bytes', SPL, mint_bytes({ ...nft, stale: true })),
    mint_case('mint.largest_supply', SPL, mint_bytes({ supply: 18446744073709551615n, decimals: 255, authority: new PublicKey(digest('x')), freeze: null })),
    token_2022_mint('token_2022.nft', nft, metadata, null),
    token_2022_mint('token_2022.without_update_authority', nft, bare, key.payer),
    token_account('account.one', SPL, 1n, token.AccountState.Initialized, Buffer.alloc(0)),
    token_account('account.frozen_empty', SPL, 0n, token.AccountState.Frozen, Buffer.alloc(0)),
    token_account('account.token_2022', T22, 1n, token.AccountState.Initialized, immutable_owner),
  ];
}

module.exports = { all };
