'use strict';
// What both generators share: keys and bytes that are the same on every machine, the JSON form of
// an instruction, and writing (or, with --check, comparing) golden.json beside the generator.
const crypto = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');

const hex = (bytes) => Buffer.from(bytes).toString('hex');

// 32 bytes that depend on the label alone.
const digest = (label) => crypto.createHash('sha256').update(`golden:${label}`).digest();

// A stream of bytes fixed by its label (SHA-256 in counter mode).
function byte_stream(label) {
  let pool = Buffer.alloc(0);
  let counter = 0;
  const take = (n) => {
    while (pool.length < n) pool = Buffer.concat([pool, digest(`${label}:${counter++}`)]);
    const out = pool.subarray(0, n);
    pool = pool.subarray(n);
    return Buffer.from(out);
  };
  return { take, below: (limit) => take(4).readUInt32LE(0) % limit };
}

function instruction_json(ix) {
  return {
    program_id: ix.programId.toBase58(),
    keys: ix.keys.map((k) => ({
      pubkey: k.pubkey.toBase58(),
      signer: k.isSigner,
      writable: k.isWritable,
    })),
    data: hex(ix.data),
  };
}

function write_or_check(folder, value) {
  const file = path.join(folder, 'golden.json');
  const text = JSON.stringify(value, null, 1) + '\n';
  if (!process.argv.includes('--check')) {
    fs.writeFileSync(file, text);
    return;
  }
  if (fs.readFileSync(file, 'utf8') !== text) {
    console.error(`${file} differs from what the packages build now`);
    process.exit(1);
  }
  console.log(`${path.basename(folder)}/golden.json is what the packages build`);
}

module.exports = { hex, digest, byte_stream, instruction_json, write_or_check };
