'use strict';
// Named keys, each from a 32-byte ed25519 seed fixed by its name.
const { Keypair } = require('@solana/web3.js');
const { digest, hex } = require('../golden.js');

const NAMES = ['payer', 'owner', 'mint', 'authority', 'other', 'second_signer'];
const keypair = Object.fromEntries(NAMES.map((n) => [n, Keypair.fromSeed(digest(`key:${n}`))]));
const key = Object.fromEntries(NAMES.map((n) => [n, keypair[n].publicKey]));

const keys_json = () =>
  NAMES.map((name) => ({
    name,
    seed: hex(digest(`key:${name}`)),
    secret_key: hex(keypair[name].secretKey),
    public_key: key[name].toBase58(),
  }));

module.exports = { keypair, key, keys_json };
