// A mint by Metaplex' standard on the real program, where its file is given:
//
//   THOLE_TEST_PROGRAMS=metaqbxxUerdq28cj1RbAWkYQm3ybzjb6a8bt518x1s=/path/to/program.so
//
// Without it the instructions are held to golden bytes of the published package alone.
// proves: S9
'use strict';
const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { after, before, describe, test } = require('node:test');
const { Keypair } = require('../../localnet/node_modules/@solana/web3.js');
const h = require('./harness.js');

const METAPLEX = 'metaqbxxUerdq28cj1RbAWkYQm3ybzjb6a8bt518x1s';
const READER = path.join(__dirname, '../../localnet/reader.js');
const programs = (process.env.THOLE_TEST_PROGRAMS ?? '').split(',').filter(Boolean);
const skip = !programs.some((each) => each.startsWith(`${METAPLEX}=`)) &&
  'no file of the program in THOLE_TEST_PROGRAMS: held to golden bytes (MetaplexInstructions, MintRecipe)';

describe('Metaplex', { skip }, () => {
  let world;
  let collection;
  const read = (owner) =>
    execFileSync(process.execPath, [READER, '--rpc', world.ledger.rpc[3], '--owner', owner, '--issuer', world.issuer], { encoding: 'utf8' })
      .trim().split('\n').map((line) => JSON.parse(line));
  before(async () => {
    const ledger = [...h.SHORT_SLOTS, ...programs.flatMap((each) => ['--program', each])];
    world = await h.openWorld({ seed: 91, ledger });
  });
  after(() => h.closeWorld(world));

  test('is minted, and read back by the published packages', async () => {
    const [request] = h.make(world, 1, { standard: 'metaplex' });
    const accepted = await h.mint(world, request);
    const ended = await h.completed(world, request.id);
    assert.equal(ended.mint, accepted.mint, 'the address is known when accepted');
    const [token] = read(request.body.owner);
    assert.equal(token.standard, 'metaplex');
    assert.equal(token.mint, ended.mint);
    assert.equal(token.uri, ended.uri);
    assert.equal(token.issuer_verified, true);
    collection = ended.mint;
  });

  // The NFT of before is the collection, as any NFT of the wallet may be.
  test('is minted into a verified collection, with creators and a seller fee', async () => {
    const artist = Keypair.generate().publicKey.toBase58();
    const terms = `[mint.metaplex]\ncollection = "${collection}"\nseller_fee_basis_points = 500\n[[mint.metaplex.creator]]\naddress = "${artist}"\nshare = 40\n`;
    world.daemon.configure(`${fs.readFileSync(world.daemon.config, 'utf8')}\n${terms}`);
    await world.kill();
    const [request] = h.make(world, 1, { standard: 'metaplex' });
    await h.mint(world, request);
    await h.completed(world, request.id);
    const [token] = read(request.body.owner);
    assert.deepEqual(token.collection, { verified: true, key: collection });
    assert.deepEqual(token.creators, [{ address: world.issuer, verified: true, share: 60 }, { address: artist, verified: false, share: 40 }]);
    assert.equal(token.issuer_verified, true);
    const { value } = await world.daemon.call('GET', `/api/v1/verify/${request.body.owner}`);
    const seen = value.nfts.find(({ mint }) => mint === token.mint);
    assert.ok(seen.issuer_verified && seen.content_verified, JSON.stringify(seen));
  });
});
