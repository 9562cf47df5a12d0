// A partner's own API has a say before a mint counts as completed. The partner here sees what the
// daemon's own view sees, and is down, blind or mistaken at will.
// proves: C4, P11
'use strict';
const assert = require('node:assert/strict');
const fs = require('node:fs');
const http = require('node:http');
const { after, before, describe, test } = require('node:test');
const h = require('./harness.js');

describe('a partner that is asked', () => {
  let world;
  let shop;
  let mode = 'shows';
  let asked = 0;

  async function answer(request, response) {
    asked += 1;
    const wallet = request.url.split('/').pop();
    assert.equal(request.headers.authorization, 'Bearer an open door');
    if (mode === 'down') return response.writeHead(503, { 'retry-after': '0' }).end('closed');
    const seen = await world.daemon.insist('GET', `/api/v1/verify/${wallet}`);
    const nfts = mode === 'blind' ? [] : seen.value.nfts;
    const level = (nft) => (mode === 'mistaken' ? 99 : nft.level);
    const body = { nfts: nfts.map((nft) => ({ ...nft, level: `${level(nft)}`, colour: 'blue' })) };
    return response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  }

  before(async () => {
    shop = http.createServer((request, response) => {
      answer(request, response).catch((error) => response.writeHead(500).end(`${error}`));
    });
    await new Promise((resolve) => { shop.listen(0, '127.0.0.1', resolve); });
    process.env.SHOP_TOKEN = 'an open door';
    world = await h.openWorld({
      seed: 71,
      extra: `[dependency.partner.shop]
url = "http://127.0.0.1:${shop.address().port}/seen/{wallet}"
token = "env:SHOP_TOKEN"
called = ["mint"]
[dependency.partner.shop.pipeline]
timeout = "2s"
breaker = {consecutive_failures = 2, open_for = "6s", open_growth_permille = 1000}
`,
    });
  });
  after(async () => {
    await h.closeWorld(world);
    shop.close();
  });

  const reason = (now) => JSON.stringify(now.waiting ?? now.fault ?? {});
  const partner = async () => (await world.daemon.call('GET', '/health')).value.dependencies
    .find(({ name }) => name === 'partner').endpoints[0];

  test('one that is down is waited for, and the mint completes when it is back', async () => {
    mode = 'down';
    const [request] = h.make(world, 1);
    await h.mint(world, request);
    const waiting = await h.until(world, request.id, (now) => /shop/.test(reason(now)), 'waiting for the shop');
    assert.equal(waiting.progress, 'BLOCKCHAIN_CONFIRMED');
    while ((await partner()).breaker !== 'open') await h.sleep(25);
    mode = 'shows';
    await h.completed(world, request.id);
    await h.assertMinted(world, [request]);
    assert.equal((await partner()).name, 'shop');
  });

  test('its pipeline is reloaded while the daemon runs, and a mistake changes nothing', async () => {
    const text = fs.readFileSync(world.daemon.config, 'utf8');
    const log = () => fs.readFileSync(`${world.daemon.logs}/daemon.log`, 'utf8');
    const told = async (words) => { while (!log().includes(words)) await h.sleep(25); };
    world.daemon.configure(text.replace('open_for = "6s"', 'open_for = "6"'));
    process.kill(world.daemon.child.pid, 'SIGHUP');
    await told('key=dependency.partner.shop.pipeline.breaker.open_for');
    world.daemon.configure(text.replace('open_for = "6s"', 'open_for = "700ms"').replace('[data]', '[log]\nlevel = "debug"\n[data]'));
    process.kill(world.daemon.child.pid, 'SIGHUP');
    await told('pipeline_reconfigured partner=shop');
    await told('configuration_needs_restart key=log.level');
    mode = 'down';
    const [request] = h.make(world, 1);
    await h.mint(world, request);
    while ((await partner()).breaker !== 'open') await h.sleep(25);
    const { open_for_ms } = await partner();
    assert.ok((open_for_ms ?? 0) <= 700, `${open_for_ms}`);
    mode = 'shows';
    await h.completed(world, request.id);
  });

  test('one that sees otherwise keeps the mint from completing, in its own words', async () => {
    for (const [wrong, words] of [['blind', 'partner shop: the wallet does not show it'], ['mistaken', 'partner shop: level is 99']]) {
      mode = wrong;
      const [request] = h.make(world, 1);
      await h.mint(world, request);
      await h.until(world, request.id, (now) => reason(now).includes(words), words);
      mode = 'shows';
      await h.completed(world, request.id);
      const told = JSON.stringify(await h.events(world, request.id));
      assert.ok(told.includes(words), told);
      await h.assertMinted(world, [request]);
    }
    assert.ok(asked >= 5);
  });
});
