'use strict';
// An account in the encodings that a node offers. What it cannot parse, jsonParsed gives as base64.
const zlib = require('node:zlib');
const bs58 = require('bs58').default;
const { RpcError, invalid } = require('./error.js');

const RENT_EPOCH = 18446744073709551615n;
const MAX_BASE58_BYTES = 128;

function slice(data, s) {
  if (s === undefined || s === null) return data;
  if (!Number.isSafeInteger(s.offset) || !Number.isSafeInteger(s.length) || s.offset < 0 || s.length < 0) {
    throw invalid('Invalid params: dataSlice: expected offset and length.');
  }
  return data.subarray(s.offset, s.offset + s.length);
}

function short_base58(data) {
  if (data.length <= MAX_BASE58_BYTES) return bs58.encode(data);
  throw new RpcError(-32600, 'Encoded binary (base 58) data should be less than 128 bytes, please use Base64 encoding.');
}

function encode_data(data, encoding) {
  switch (encoding) {
    case 'binary': return short_base58(data);
    case 'base58': return [short_base58(data), 'base58'];
    case 'base64':
    case 'jsonParsed': return [data.toString('base64'), 'base64'];
    case 'base64+zstd':
      if (zlib.zstdCompressSync) return [zlib.zstdCompressSync(data).toString('base64'), 'base64+zstd'];
      throw invalid('base64+zstd needs a newer Node');
    default: throw invalid(`Invalid params: unknown variant \`${encoding}\`, expected one of \`binary\`, \`base58\`, \`base64\`, \`jsonParsed\`, \`base64+zstd\`.`);
  }
}

function encode_account(account, cfg, by_default = 'binary') {
  if (!account) return null;
  return {
    data: encode_data(slice(account.data, cfg.dataSlice), cfg.encoding ?? by_default),
    executable: account.executable,
    lamports: account.lamports,
    owner: account.owner,
    rentEpoch: RENT_EPOCH,
    space: account.data.length,
  };
}

module.exports = { encode_account };
