'use strict';
// Reads of accounts, each as of the block that the commitment asked for means on this front.
const bs58 = require('bs58').default;
const { encode_account } = require('../encode.js');
const { invalid } = require('../error.js');
const params = require('../params.js');

const MAX_ACCOUNTS = 100;
const MAX_FILTERS = 4;

function memcmp(f) {
  const { offset, bytes, encoding = 'base58' } = f;
  const wanted = typeof bytes !== 'string' ? undefined : encoding === 'base64' ? Buffer.from(bytes, 'base64') : bs58.decodeUnsafe(bytes);
  if (!wanted || !Number.isSafeInteger(offset) || offset < 0) throw invalid('Invalid param: Invalid memcmp filter');
  return (account) => account.data.subarray(offset, offset + wanted.length).equals(Buffer.from(wanted));
}

function filter(f) {
  if (f && f.memcmp) return memcmp(f.memcmp);
  if (f && Number.isSafeInteger(f.dataSize)) return (account) => account.data.length === f.dataSize;
  throw invalid('Invalid params: filters: expected `dataSize` or `memcmp`.');
}

module.exports = {
  getMinimumBalanceForRentExemption: (front, [bytes]) =>
    front.ledger.svm.minimumBalanceForRentExemption(BigInt(params.unsigned(bytes, 'dataLength'))),

  getBalance(front, [key, cfg]) {
    params.pubkey(key);
    const view = front.view(cfg);
    return front.answer(view, front.ledger.accounts.at(key, view.slot)?.lamports ?? 0);
  },

  getAccountInfo(front, [key, cfg]) {
    params.pubkey(key);
    const view = front.view(cfg);
    return front.answer(view, encode_account(front.ledger.accounts.at(key, view.slot), params.config(cfg)));
  },

  getMultipleAccounts(front, [keys, cfg]) {
    params.pubkeys(keys, MAX_ACCOUNTS);
    const view = front.view(cfg);
    const read = (key) => encode_account(front.ledger.accounts.at(key, view.slot), params.config(cfg), 'base64');
    return front.answer(view, keys.map(read));
  },

  getProgramAccounts(front, [program, cfg]) {
    params.pubkey(program);
    const view = front.view(cfg);
    const { filters = [], withContext = false } = params.config(cfg);
    if (!Array.isArray(filters) || filters.length > MAX_FILTERS) throw invalid(`Too many filters provided; max ${MAX_FILTERS}`);
    const tests = filters.map(filter);
    const out = front.ledger.accounts.owned_by(program, view.slot)
      .filter(([, account]) => tests.every((t) => t(account)))
      .map(([pubkey, account]) => ({ pubkey, account: encode_account(account, params.config(cfg)) }));
    return withContext ? front.answer(view, out) : out;
  },
};
