// A mint by Metaplex' standard on the real program, where its file is given:
//
//   THOLE_TEST_PROGRAMS=metaqbxxUerdq28cj1RbAWkYQm3ybzjb6a8bt518x1s=/path/to/program.so
//
// Without it the instructions are held to golden bytes of the published package alone.
// proves: S9
'use strict';
const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const path = require('node:path');
const { after, before, describe, test } = require('node:test');
const h = require('./harness.js');

const METAPLEX = 'metaqbxxUerdq28cj1RbAWkYQm3ybzjb6a8bt518x1s';
const READER = path.join(__dirname, '../../localnet/reader.js');
const programs = (process.env.THOLE_TEST_PROGRAMS ?? '').split(',').filter(Boolean);
const skip = !programs.some((each) => each.startsWith(`${METAPLEX}=`)) &&
  'no file of the program in THOLE_TEST_PROGRAMS: held to golden bytes (MetaplexInstructions, MintRecipe)';

describe('Metaplex', { skip }, () => {
  let world;
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
    const words = [READER, '--rpc', world.ledger.rpc[3], '--owner', request.body.owner, '--issuer', world.issuer];
    const [token] = execFileSync(process.execPath, words, { encoding: 'utf8' }).trim().split('\n').map((line) => JSON.parse(line));
    assert.equal(token.standard, 'metaplex');
    assert.equal(token.mint, ended.mint);
    assert.equal(token.uri, ended.uri);
    assert.equal(token.issuer_verified, true);
  });
});
