'use strict';
// Metadata values used by the instructions and the account images, and their JSON form.
const { key } = require('./keys.js');

const URI = 'ipfs://bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku';
const creator = (name, share, verified = false) => ({ address: key(name), verified, share });
const collection = (verified) => ({ verified, key: key('collection') });

const base = { name: 'Seat B-7', symbol: 'TIX', uri: URI, sellerFeeBasisPoints: 500, creators: null, collection: null, uses: null };
const one_creator = { ...base, creators: [creator('update_authority', 100, true)] };
const five_creators = {
  ...base, name: 'n'.repeat(32), symbol: 's'.repeat(10), uri: 'u'.repeat(200), sellerFeeBasisPoints: 10000,
  creators: [creator('update_authority', 60, true), creator('c1', 10), creator('c2', 10), creator('c3', 10), creator('c4', 10)],
};
const in_collection = { ...one_creator, collection: collection(false) };
const with_uses = { ...base, name: '', symbol: '', uri: '', sellerFeeBasisPoints: 0, uses: { useMethod: 1, remaining: 3, total: 5 } };
const unicode = { ...base, name: 'Ünï 名', symbol: 'é', sellerFeeBasisPoints: 1 };

function data_json(d) {
  return {
    name: d.name, symbol: d.symbol, uri: d.uri, seller_fee_basis_points: d.sellerFeeBasisPoints,
    creators: d.creators && d.creators.map((c) => ({ address: c.address.toBase58(), verified: c.verified, share: c.share })),
    collection: d.collection ? { verified: d.collection.verified, key: d.collection.key.toBase58() } : null,
    uses: d.uses ? { use_method: d.uses.useMethod, remaining: String(d.uses.remaining), total: String(d.uses.total) } : null,
  };
}

module.exports = { base, one_creator, five_creators, in_collection, with_uses, unicode, collection, data_json };
