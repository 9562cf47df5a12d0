'use strict';
// Writes golden.json with @solana/web3.js and @solana/spl-token only. The C++ codec is held to it.
// Forms: bytes are lower-case hex, 64-bit integers are decimal strings, keys are base58.
const { write_or_check } = require('../golden.js');
const { keys_json } = require('./keys.js');
const encodings = require('./encodings.js');
const instructions = require('./instructions.js');
const messages = require('./messages.js');
const accounts = require('./accounts.js');

write_or_check(__dirname, {
  v: 1,
  generated_with: require('./package.json').dependencies,
  keys: keys_json(),
  base58: encodings.base58(),
  base58_invalid: encodings.base58_invalid(),
  compact_u16: encodings.compact_u16(),
  on_curve: encodings.on_curve(),
  pda: encodings.pda(),
  create_with_seed: encodings.create_with_seed(),
  associated_token: encodings.associated_token(),
  instructions: instructions.all(),
  messages: messages.all(),
  accounts: accounts.all(),
});
