'use strict';
// Reading parameters: whatever is wrong with one is -32602, as a node says it.
const bs58 = require('bs58').default;
const { COMMITMENTS } = require('../ledger/ledger.js');
const wire = require('../ledger/wire.js');
const { invalid } = require('./error.js');

function base58(text, bytes) {
  const out = typeof text === 'string' ? bs58.decodeUnsafe(text) : undefined;
  if (!out) throw invalid('Invalid param: Invalid');
  if (out.length !== bytes) throw invalid('Invalid param: WrongSize');
  return out;
}
const pubkey = (text) => (base58(text, 32), text);
const signature = (text) => (base58(text, 64), text);

function pubkeys(list, max) {
  if (!Array.isArray(list)) throw invalid('Invalid params: invalid type: expected a sequence.');
  if (list.length > max) throw invalid(`Too many inputs provided; max ${max}`);
  return list.map(pubkey);
}

function unsigned(v, name) {
  if (!Number.isSafeInteger(v) || v < 0) throw invalid(`Invalid params: ${name}: expected u64.`);
  return v;
}

function config(v) {
  if (v === undefined || v === null) return {};
  if (typeof v !== 'object' || Array.isArray(v)) throw invalid('Invalid params: invalid type: expected a configuration object.');
  return v;
}

function commitment(v, otherwise = 'finalized') {
  if (v === undefined || v === null) return otherwise;
  if (!COMMITMENTS.includes(v)) throw invalid(`Invalid params: unknown variant \`${v}\`, expected one of \`processed\`, \`confirmed\`, \`finalized\`.`);
  return v;
}

function transaction(text, encoding = 'base58') {
  const what = 'solana_transaction::versioned::VersionedTransaction';
  if (typeof text !== 'string') throw invalid('Invalid params: invalid type: expected a string.');
  let raw;
  if (encoding === 'base64') {
    raw = Buffer.from(text, 'base64');
    if (raw.toString('base64') !== text) throw invalid('invalid base64 encoding');
  } else if (encoding === 'base58') {
    raw = bs58.decodeUnsafe(text);
    if (!raw) throw invalid('invalid base58 encoding: InvalidCharacter');
  } else {
    throw invalid(`unsupported encoding: ${encoding}. Supported encodings: base58, base64`);
  }
  if (raw.length > wire.MAX_WIRE_BYTES) throw invalid(`decoded ${what} too large: ${raw.length} bytes (max: ${wire.MAX_WIRE_BYTES} bytes)`);
  try {
    return wire.parse_transaction(Buffer.from(raw));
  } catch (e) {
    if (!(e instanceof wire.WireError)) throw e;
    throw invalid(`failed to deserialize ${what}: ${e.message}`);
  }
}

module.exports = { base58, pubkey, pubkeys, signature, unsigned, config, commitment, transaction };
