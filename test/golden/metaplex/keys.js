'use strict';
// Keys fixed by name, and the two addresses that a mint fixes.
const { PublicKey } = require('@solana/web3.js');
const { PROGRAM_ID } = require('@metaplex-foundation/mpl-token-metadata');
const { digest } = require('../golden.js');

const key = (name) => new PublicKey(digest(`metaplex:${name}`));
const find = (mint, ...rest) =>
  PublicKey.findProgramAddressSync([Buffer.from('metadata'), PROGRAM_ID.toBuffer(), mint.toBuffer(), ...rest], PROGRAM_ID);
const metadata_of = (mint) => find(mint)[0];
const edition_of = (mint) => find(mint, Buffer.from('edition'))[0];

function addresses() {
  return Array.from({ length: 24 }, (_, i) => {
    const mint = i === 0 ? new PublicKey(Buffer.alloc(32, 7)) : key(`mint:${i}`);
    const [metadata, metadata_bump] = find(mint);
    const [edition, edition_bump] = find(mint, Buffer.from('edition'));
    return { mint: mint.toBase58(), metadata: metadata.toBase58(), metadata_bump, edition: edition.toBase58(), edition_bump };
  });
}

module.exports = { key, metadata_of, edition_of, addresses };
