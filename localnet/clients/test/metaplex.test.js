// Accounts of Metaplex Token Metadata, read by the package that Metaplex publishes: it must say of
// each golden image what our own decoders are held to (golden_metaplex_test, localnet/reader.js).
'use strict';
const assert = require('node:assert/strict');
const { test } = require('node:test');
const { MasterEditionV2, Metadata } = require('@metaplex-foundation/mpl-token-metadata');
const golden = require('../../../test/golden/metaplex/golden.json');

// The chain pads texts with NULs, which the package leaves where they are.
const unpadded = (text) => text.replace(/\0+$/, '');
const number = (big) => big.toString();

function told(m) {
  return {
    update_authority: m.updateAuthority.toBase58(),
    mint: m.mint.toBase58(),
    name: unpadded(m.data.name),
    symbol: unpadded(m.data.symbol),
    uri: unpadded(m.data.uri),
    seller_fee_basis_points: m.data.sellerFeeBasisPoints,
    creators: m.data.creators && m.data.creators.map((c) => ({ address: c.address.toBase58(), verified: c.verified, share: c.share })),
    collection: m.collection && { verified: m.collection.verified, key: m.collection.key.toBase58() },
    uses: m.uses && { use_method: m.uses.useMethod, remaining: number(m.uses.remaining), total: number(m.uses.total) },
    primary_sale_happened: m.primarySaleHappened,
    is_mutable: m.isMutable,
    edition_nonce: m.editionNonce,
    token_standard: m.tokenStandard,
    collection_details: m.collectionDetails && { v1_size: number(m.collectionDetails.size) },
    programmable_config: m.programmableConfig && { v1_rule_set: m.programmableConfig.ruleSet.toBase58() },
  };
}

// proves: S9, X3
test('the package reads every metadata account as our decoders do', () => {
  assert.ok(golden.metadata_accounts.length >= 18);
  for (const { name, data, expect } of golden.metadata_accounts) {
    const [read] = Metadata.deserialize(Buffer.from(data, 'hex'));
    assert.deepEqual(told(read), expect, name);
  }
});

// proves: S9, X3
test('the package reads every master edition as our decoder does', () => {
  assert.ok(golden.edition_accounts.length >= 6);
  for (const { name, data, expect } of golden.edition_accounts) {
    const [read] = MasterEditionV2.deserialize(Buffer.from(data, 'hex'));
    const { maxSupply } = read;
    const seen = { key: read.key, supply: number(read.supply), max_supply: maxSupply === null ? null : number(maxSupply) };
    assert.deepEqual(seen, expect, name);
  }
});
