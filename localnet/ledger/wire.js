'use strict';
// Transactions as bytes: reading them strictly (no trailing bytes, no aliases of a length, indexes in
// range), which keys they write, and what they cost. Source of the layouts: solana.com/docs/core.
const crypto = require('node:crypto');
const bs58 = require('bs58').default;

const MAX_WIRE_BYTES = 1232;
const COMPUTE_BUDGET = 'ComputeBudget111111111111111111111111111111';
// Programs whose instructions count 3 000 compute units by default instead of 200 000.
const BUILTINS = new Set([
  '11111111111111111111111111111111', COMPUTE_BUDGET,
  'Vote111111111111111111111111111111111111111', 'Stake11111111111111111111111111111111111111',
  'BPFLoader1111111111111111111111111111111111', 'BPFLoader2111111111111111111111111111111111',
  'BPFLoaderUpgradeab1e11111111111111111111111', 'LoaderV411111111111111111111111111111111111',
]);
const LOOKUP_TABLE_HEAD = 56;

class WireError extends Error {}

class Reader {
  constructor(bytes) {
    this.bytes = bytes;
    this.at = 0;
  }
  take(n) {
    if (this.at + n > this.bytes.length) throw new WireError('io error: unexpected end of file');
    this.at += n;
    return this.bytes.subarray(this.at - n, this.at);
  }
  u8() {
    return this.take(1)[0];
  }
  compact_u16() {
    let value = 0;
    for (let i = 0; i < 3; i++) {
      const b = this.u8();
      if (b === 0 && i > 0) throw new WireError('a length has an alias encoding');
      value |= (b & 0x7f) << (7 * i);
      if (b < 0x80) {
        if (value > 0xffff) throw new WireError('a length is over 65535');
        return value;
      }
    }
    throw new WireError('a length is over three bytes');
  }
  many(n, read) {
    return Array.from({ length: n }, () => read());
  }
}

function read_message(r) {
  const first = r.bytes[r.at];
  let version = 'legacy';
  if (first & 0x80) {
    version = r.u8() & 0x7f;
    if (version !== 0) throw new WireError(`message version ${version} is not known`);
  }
  const [required, readonly_signed, readonly_unsigned] = r.take(3);
  const keys = r.many(r.compact_u16(), () => bs58.encode(r.take(32)));
  const blockhash = bs58.encode(r.take(32));
  const instructions = r.many(r.compact_u16(), () => ({
    program: r.u8(),
    accounts: [...r.take(r.compact_u16())],
    data: r.take(r.compact_u16()),
  }));
  const lookups = version === 'legacy' ? [] : r.many(r.compact_u16(), () => ({
    table: bs58.encode(r.take(32)),
    writable: [...r.take(r.compact_u16())],
    readonly: [...r.take(r.compact_u16())],
  }));
  return { version, header: { required, readonly_signed, readonly_unsigned }, keys, blockhash, instructions, lookups };
}

function check_message(m) {
  const { required, readonly_signed, readonly_unsigned } = m.header;
  const loaded = m.lookups.reduce((n, l) => n + l.writable.length + l.readonly.length, 0);
  const total = m.keys.length + loaded;
  if (required === 0 || readonly_signed >= required) throw new WireError('index out of bounds');
  if (required + readonly_unsigned > m.keys.length || total > 256) throw new WireError('index out of bounds');
  if (new Set(m.keys).size !== m.keys.length) throw new WireError('account loaded twice');
  for (const ix of m.instructions) {
    if (ix.program === 0 || ix.program >= m.keys.length) throw new WireError('index out of bounds');
    if (ix.accounts.some((i) => i >= total)) throw new WireError('index out of bounds');
  }
  return m;
}

// A message on its own, as getFeeForMessage gets it.
function parse_message(raw) {
  const r = new Reader(raw);
  const m = check_message(read_message(r));
  if (r.at !== raw.length) throw new WireError('trailing bytes');
  return m;
}

function parse_transaction(raw) {
  const r = new Reader(raw);
  const signatures = r.many(r.compact_u16(), () => r.take(64));
  const message_bytes = raw.subarray(r.at);
  const message = parse_message(message_bytes);
  if (signatures.length !== message.header.required) throw new WireError('signature count does not match the header');
  return { raw, message, message_bytes, signatures: signatures.map((s) => bs58.encode(s)), signature: bs58.encode(signatures[0]) };
}

const SPKI_HEAD = Buffer.from('302a300506032b6570032100', 'hex');

function signatures_hold(tx) {
  return tx.signatures.every((signature, i) => {
    const der = Buffer.concat([SPKI_HEAD, bs58.decode(tx.message.keys[i])]);
    const key = crypto.createPublicKey({ key: der, format: 'der', type: 'spki' });
    return crypto.verify(null, tx.message_bytes, key, bs58.decode(signature));
  });
}

function is_writable(message, index) {
  const { required, readonly_signed, readonly_unsigned } = message.header;
  if (index < required) return index < required - readonly_signed;
  return index < message.keys.length - readonly_unsigned;
}

// All keys in execution order: static ones, then looked-up writable ones, then looked-up readonly
// ones. `read_account(key)` gives the table; a table that is missing makes the answer null.
function resolve_keys(message, read_account) {
  const out = message.keys.map((key, i) => ({ key, writable: is_writable(message, i), loaded: false }));
  for (const writable of [true, false]) {
    for (const l of message.lookups) {
      const table = read_account(l.table);
      if (!table) return null;
      for (const i of writable ? l.writable : l.readonly) {
        const at = LOOKUP_TABLE_HEAD + 32 * i;
        if (at + 32 > table.data.length) return null;
        out.push({ key: bs58.encode(table.data.subarray(at, at + 32)), writable, loaded: true });
      }
    }
  }
  return out;
}

function compute_budget(message) {
  let limit = null;
  let price = 0n;
  let by_default = 0;
  for (const ix of message.instructions) {
    const program = message.keys[ix.program];
    by_default += BUILTINS.has(program) ? 3000 : 200000;
    if (program !== COMPUTE_BUDGET) continue;
    if (ix.data[0] === 2 && ix.data.length >= 5) limit = ix.data.readUInt32LE(1);
    if (ix.data[0] === 3 && ix.data.length >= 9) price = ix.data.readBigUInt64LE(1);
  }
  return { price, limit: Math.min(limit ?? by_default, 1400000) };
}

// 5 000 lamports a signature and the price of the units asked for, rounded up.
function fee_of(message) {
  const { price, limit } = compute_budget(message);
  return 5000n * BigInt(message.header.required) + (price * BigInt(limit) + 999999n) / 1000000n;
}

module.exports = { MAX_WIRE_BYTES, WireError, parse_message, parse_transaction, signatures_hold, is_writable, resolve_keys, compute_budget, fee_of };
