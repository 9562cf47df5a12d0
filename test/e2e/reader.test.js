// A second reader that shares no code with the daemon agrees field by field.
// proves: C1, S9, X3
'use strict';
const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const path = require('node:path');
const { after, before, test } = require('node:test');
const h = require('./harness.js');

const READER = path.join(__dirname, '../../localnet/reader.js');
let world;
before(async () => { world = await h.openWorld({ seed: 51 }); });
after(() => h.closeWorld(world));

const read = (owner) =>
  execFileSync(process.execPath, [READER, '--rpc', world.ledger.rpc[3], '--owner', owner, '--issuer', world.issuer], { encoding: 'utf8' })
    .trim().split('\n').map((line) => JSON.parse(line));

test('the published packages read what was asked for', async () => {
  const [request] = h.make(world, 1);
  const accepted = await h.mint(world, request);
  const ended = await h.completed(world, request.id);
  assert.equal(ended.mint, accepted.mint, 'the address is known when accepted');
  const [token] = read(request.body.owner);
  const { body } = request;
  assert.deepEqual(
    {
      mint: token.mint, owner: token.owner, amount: token.amount, supply: token.supply, decimals: token.decimals,
      mint_authority: token.mint_authority, freeze_authority: token.freeze_authority, name: token.name,
      symbol: token.symbol, uri: token.uri, update_authority: token.update_authority, issuer_verified: token.issuer_verified,
    },
    {
      mint: ended.mint, owner: body.owner, amount: '1', supply: '1', decimals: 0, mint_authority: null,
      freeze_authority: null, name: body.name, symbol: body.symbol, uri: ended.uri, update_authority: world.issuer,
      issuer_verified: true,
    },
  );
});

// proves: C4
test('the partner view agrees with the reader', async () => {
  const [request] = h.make(world, 1);
  await h.mint(world, request);
  await h.completed(world, request.id);
  const { owner, level } = request.body;
  const view = (await world.daemon.call('GET', `/api/v1/verify/${owner}`)).value;
  const tokens = read(owner);
  assert.deepEqual(view.nfts.map(({ mint }) => mint).sort(), tokens.map(({ mint }) => mint).sort());
  const nft = view.nfts.find(({ level: found }) => found === level);
  assert.ok(nft.issuer_verified && nft.content_verified, JSON.stringify(nft));
  assert.equal(view.level, Math.max(...view.nfts.map((each) => each.level)));
});
