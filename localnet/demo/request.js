// What is asked for: N mints to several wallets, made from the seed.
'use strict';
const { createHash } = require('node:crypto');
const { Keypair } = require('@solana/web3.js');
const { picture } = require('./image.js');

const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

function requests(count, chance) {
  const wallets = Array.from({ length: Math.max(2, Math.ceil(count / 3)) }, () =>
    Keypair.fromSeed(chance.bytes(32)).publicKey.toBase58());
  return Array.from({ length: count }, (_, i) => {
    const image = picture(chance);
    const level = chance.between(1, 9);
    return {
      key: `demo-${i + 1}`,
      image,
      imageSha256: sha256(image),
      body: {
        owner: wallets[i % wallets.length],
        // Mints of one account wait for each other; a batch to one wallet names its own accounts.
        account: `visitor-${i + 1}`,
        name: `Tide ${String(i + 1).padStart(3, '0')}`,
        symbol: 'TIDE',
        description: `Made by the demo, number ${i + 1}.`,
        level,
        attributes: [{ trait_type: 'Colour', value: chance.pick(['amber', 'slate', 'coral', 'moss']) }],
        standard: 'token-2022',
      },
    };
  });
}

module.exports = { requests, sha256 };
