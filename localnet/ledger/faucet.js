'use strict';
// Lamports for tests. An airdrop is an ordinary signed transfer (with a memo that makes each one
// different), so it has a signature, a status and a history like any other transaction.
const crypto = require('node:crypto');
const bs58 = require('bs58').default;
const litesvm = require('litesvm/dist/internal');
const { parse_transaction } = require('./wire.js');

const SYSTEM = Buffer.alloc(32);
const MEMO = Buffer.from(bs58.decode('MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr'));
// Below 2^53, so that a reader that keeps numbers as doubles sees it exactly.
const BALANCE = 9_000_000_000_000_000n;

class Faucet {
  constructor(svm) {
    const { privateKey, publicKey } = crypto.generateKeyPairSync('ed25519');
    this.private_key = privateKey;
    this.address = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
    this.count = 0;
    svm.setAccount(this.address, new litesvm.Account(BALANCE, new Uint8Array(), SYSTEM, false, 0n));
  }

  transfer(to, lamports, blockhash) {
    const amount = Buffer.alloc(12);
    amount.writeUInt32LE(2, 0);
    amount.writeBigUInt64LE(lamports, 4);
    const memo = Buffer.from(`airdrop ${++this.count}`);
    const message = Buffer.concat([
      Buffer.from([1, 0, 2, 4]), this.address, to, SYSTEM, MEMO, Buffer.from(bs58.decode(blockhash)),
      Buffer.from([2, 2, 2, 0, 1, amount.length]), amount, Buffer.from([3, 0, memo.length]), memo,
    ]);
    const signature = crypto.sign(null, message, this.private_key);
    return parse_transaction(Buffer.concat([Buffer.from([1]), signature, message]));
  }
}

module.exports = { Faucet };
