'use strict';
// JSON with whole 64-bit numbers: a BigInt is written as a plain number, to its last digit, as a node
// does (rentEpoch 18446744073709551615 is in every account).
const crypto = require('node:crypto');

const mark = crypto.randomBytes(12).toString('hex');
const marked = new RegExp(`"${mark}(\\d+)"`, 'g');

const stringify = (value) =>
  JSON.stringify(value, (_, v) => (typeof v === 'bigint' ? mark + v.toString() : v)).replace(marked, '$1');

module.exports = { stringify };
