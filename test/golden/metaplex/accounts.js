'use strict';
// Account images in both lengths that exist on clusters: 679 bytes (programs of 2023) and 607 bytes
// (current ones, whose last byte is a fee flag). The fields come from the package's serializer; the
// programs pad name, symbol and URI with NULs to 32, 10 and 200 bytes, so the images do too. The
// package's own reader has to read back every image before it is written down.
const mpl = require('@metaplex-foundation/mpl-token-metadata');
const { hex } = require('../golden.js');
const { key } = require('./keys.js');
const values = require('./values.js');

const LENGTHS = [
  { length: 679, fee_flag: null },
  { length: 607, fee_flag: 0 },
  { length: 607, fee_flag: 1 },
];
// NULs are one byte each, but the text may not be: pad by bytes.
const pad = (text, n) => text + '\0'.repeat(n - Buffer.byteLength(text));
const none = { editionNonce: null, tokenStandard: null, collection: null, uses: null, collectionDetails: null, programmableConfig: null };

const CASES = [
  { name: 'plain', data: values.base, is_mutable: true, sold: false, rest: {} },
  { name: 'nft', data: values.one_creator, is_mutable: true, sold: false, rest: { editionNonce: 255, tokenStandard: 0 } },
  { name: 'frozen_five_creators', data: values.five_creators, is_mutable: false, sold: true, rest: { editionNonce: 254, tokenStandard: 0 } },
  { name: 'in_verified_collection', data: values.one_creator, is_mutable: true, sold: false, rest: { editionNonce: 253, tokenStandard: 0, collection: values.collection(true) } },
  { name: 'everything', data: values.unicode, is_mutable: true, sold: false, rest: { editionNonce: 1, tokenStandard: 4, collection: values.collection(false), uses: { useMethod: 2, remaining: 1, total: 1 }, collectionDetails: { __kind: 'V1', size: 9 }, programmableConfig: { __kind: 'V1', ruleSet: key('rules') } } },
  { name: 'fungible_asset', data: { ...values.base, name: '', symbol: '', uri: '' }, is_mutable: true, sold: false, rest: { tokenStandard: 1 } },
];

function image(c, { length, fee_flag }) {
  const args = {
    key: mpl.Key.MetadataV1, updateAuthority: key('update_authority'), mint: key('mint:1'),
    data: {
      name: pad(c.data.name, 32), symbol: pad(c.data.symbol, 10), uri: pad(c.data.uri, 200),
      sellerFeeBasisPoints: c.data.sellerFeeBasisPoints, creators: c.data.creators,
    },
    primarySaleHappened: c.sold, isMutable: c.is_mutable, ...none, ...c.rest,
  };
  const [bytes] = mpl.Metadata.fromArgs(args).serialize();
  const out = Buffer.alloc(length);
  bytes.copy(out);
  if (fee_flag !== null) out[length - 1] = fee_flag;
  return { args, out };
}

function expect_of(c) {
  const { collection, uses } = values.data_json({ ...c.data, collection: c.rest.collection, uses: c.rest.uses });
  return {
    update_authority: key('update_authority').toBase58(), mint: key('mint:1').toBase58(),
    ...values.data_json(c.data), collection, uses, primary_sale_happened: c.sold, is_mutable: c.is_mutable,
    edition_nonce: c.rest.editionNonce ?? null, token_standard: c.rest.tokenStandard ?? null,
    collection_details: c.rest.collectionDetails ? { v1_size: String(c.rest.collectionDetails.size) } : null,
    programmable_config: c.rest.programmableConfig ? { v1_rule_set: c.rest.programmableConfig.ruleSet.toBase58() } : null,
  };
}

function must_read_back(name, args, out) {
  const [read] = mpl.Metadata.deserialize(out);
  const same =
    read.data.name === args.data.name && read.data.uri === args.data.uri && read.isMutable === args.isMutable &&
    read.primarySaleHappened === args.primarySaleHappened && read.editionNonce === args.editionNonce &&
    read.tokenStandard === args.tokenStandard && !!read.collection === !!args.collection &&
    (read.data.creators ?? []).length === (args.data.creators ?? []).length;
  if (!same) throw new Error(`the package reads ${name} differently`);
}

function metadata_accounts() {
  return CASES.flatMap((c) =>
    LENGTHS.map((l) => {
      const { args, out } = image(c, l);
      must_read_back(c.name, args, out);
      const name = `${c.name}.${l.length}${l.fee_flag === null ? '' : `.fee_${l.fee_flag}`}`;
      return { name, length: l.length, data: hex(out), expect: expect_of(c) };
    }),
  );
}

// 282 bytes in 2023, 20 now (key, supply, optional maximum, fee flag).
function edition_accounts() {
  return [282, 20].flatMap((length) =>
    [null, 0, 12].map((max) => {
      const [bytes] = mpl.MasterEditionV2.fromArgs({ key: mpl.Key.MasterEditionV2, supply: 0, maxSupply: max }).serialize();
      const out = Buffer.alloc(length);
      bytes.copy(out);
      const [read] = mpl.MasterEditionV2.deserialize(out);
      if ((read.maxSupply === null) !== (max === null)) throw new Error('the package reads the edition differently');
      return { name: `edition.${length}.${max}`, length, data: hex(out), expect: { key: 6, supply: '0', max_supply: max === null ? null : String(max) } };
    }),
  );
}

module.exports = { metadata_accounts, edition_accounts };
