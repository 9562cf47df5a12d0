'use strict';
// Writes golden.json with @metaplex-foundation/mpl-token-metadata 2.13.0. The C++ codec is held to it.
// Forms: bytes are lower-case hex, 64-bit integers are decimal strings, keys are base58.
const { write_or_check } = require('../golden.js');
const instructions = require('./instructions.js');
const accounts = require('./accounts.js');
const { addresses } = require('./keys.js');

write_or_check(__dirname, {
  v: 1,
  generated_with: require('./package.json').dependencies,
  addresses: addresses(),
  instructions: instructions.all(),
  metadata_accounts: accounts.metadata_accounts(),
  edition_accounts: accounts.edition_accounts(),
});
