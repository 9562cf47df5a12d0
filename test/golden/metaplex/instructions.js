'use strict';
const { SYSVAR_INSTRUCTIONS_PUBKEY } = require('@solana/web3.js');
const mpl = require('@metaplex-foundation/mpl-token-metadata');
const { instruction_json } = require('../golden.js');
const { key, metadata_of, edition_of } = require('./keys.js');
const values = require('./values.js');

const mint = key('mint:1');
const authority = key('update_authority');
const payer = key('payer');
const entry = (name, args, ix) => ({ name, args, ...instruction_json(ix) });

function create_metadata(data, is_mutable, separate, collection_size = null) {
  const who = separate ? { mintAuthority: key('mint_authority'), payer } : { mintAuthority: authority, payer: authority };
  const accounts = { metadata: metadata_of(mint), mint, updateAuthority: authority, ...who };
  const details = collection_size === null ? null : { __kind: 'V1', size: collection_size };
  const ix = mpl.createCreateMetadataAccountV3Instruction(accounts, {
    createMetadataAccountArgsV3: { data, isMutable: is_mutable, collectionDetails: details },
  });
  return entry('create_metadata_account_v3', {
    mint: mint.toBase58(), mint_authority: who.mintAuthority.toBase58(), payer: who.payer.toBase58(),
    update_authority: authority.toBase58(), data: values.data_json(data), is_mutable,
    collection_details: details && { v1_size: String(collection_size) },
  }, ix);
}

function create_edition(max_supply) {
  const ix = mpl.createCreateMasterEditionV3Instruction(
    { edition: edition_of(mint), mint, updateAuthority: authority, mintAuthority: key('mint_authority'), payer, metadata: metadata_of(mint) },
    { createMasterEditionArgs: { maxSupply: max_supply } },
  );
  return entry('create_master_edition_v3', {
    mint: mint.toBase58(), update_authority: authority.toBase58(), mint_authority: key('mint_authority').toBase58(),
    payer: payer.toBase58(), max_supply: max_supply === null ? null : String(max_supply),
  }, ix);
}

function update({ data = null, next = null, sold = null, is_mutable = null }) {
  const ix = mpl.createUpdateMetadataAccountV2Instruction(
    { metadata: metadata_of(mint), updateAuthority: authority },
    { updateMetadataAccountArgsV2: { data, updateAuthority: next, primarySaleHappened: sold, isMutable: is_mutable } },
  );
  return entry('update_metadata_account_v2', {
    mint: mint.toBase58(), update_authority: authority.toBase58(), data: data && values.data_json(data),
    new_update_authority: next && next.toBase58(), primary_sale_happened: sold, is_mutable,
  }, ix);
}

// Of a collection that counts its members or does not: the account is named writable either way.
function verify_collection(collection) {
  const ix = mpl.createVerifyInstruction(
    {
      authority, metadata: metadata_of(mint), collectionMint: collection, collectionMetadata: metadata_of(collection),
      collectionMasterEdition: edition_of(collection), sysvarInstructions: SYSVAR_INSTRUCTIONS_PUBKEY,
    },
    { verificationArgs: mpl.VerificationArgs.CollectionV1 },
  );
  return entry('verify_collection_v1', { mint: mint.toBase58(), update_authority: authority.toBase58(), collection: collection.toBase58() }, ix);
}

function all() {
  const { base, one_creator, five_creators, in_collection, with_uses, unicode } = values;
  return [
    create_metadata(base, true, false), create_metadata(base, false, true),
    create_metadata(one_creator, true, false), create_metadata(five_creators, true, true),
    create_metadata(in_collection, true, false), create_metadata(with_uses, true, true),
    create_metadata(unicode, false, false), create_metadata(base, true, true, 0), create_metadata(base, true, true, 1000),
    create_edition(0), create_edition(null), create_edition(7),
    update({ is_mutable: false, sold: true }), update({ data: one_creator }), update({ data: in_collection, is_mutable: true }),
    update({ next: key('next_authority') }), update({ sold: true }), update({ is_mutable: false }), update({}),
    update({ data: five_creators, next: key('next_authority'), sold: false, is_mutable: true }),
    verify_collection(key('collection')), verify_collection(key('mint:2')),
  ];
}

module.exports = { all };
