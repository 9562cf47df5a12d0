// The second look at a finished mint, and what only it or the URI's own host can tell: a site that
// no longer serves the very URL, though gateways have the content, and a partner that shows
// another level. Nothing may repair either; both are flagged, and the flag goes when they agree.
// proves: C2, C3, C4
'use strict';
const assert = require('node:assert/strict');
const http = require('node:http');
const { after, before, describe, test } = require('node:test');
const h = require('./harness.js');

describe('the second look', () => {
  let world;
  let site;
  let shop;
  let is_up = true;
  let is_mistaken = false;

  // As a gateway it always serves; the pages that the tokens name only while it is up.
  async function serve(request, response) {
    if (!is_up && request.url.startsWith('/pages/')) return response.writeHead(404).end('moved');
    const from = await fetch(`${world.store.gateway}${request.url.replace('/pages/', '/')}`);
    response.writeHead(from.status, { 'content-type': from.headers.get('content-type') ?? 'application/octet-stream' });
    return response.end(Buffer.from(await from.arrayBuffer()));
  }

  async function show(request, response) {
    const seen = await world.daemon.insist('GET', `/api/v1/verify/${request.url.split('/').pop()}`);
    const nfts = seen.value.nfts.map((nft) => ({ ...nft, level: `${is_mistaken ? 99 : nft.level}` }));
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ nfts }));
  }

  async function listen(answer) {
    const server = http.createServer((request, response) => {
      answer(request, response).catch((error) => response.writeHead(500).end(`${error}`));
    });
    await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
    return { server, url: `http://127.0.0.1:${server.address().port}` };
  }

  before(async () => {
    [site, shop] = await Promise.all([listen(serve), listen(show)]);
    world = await h.openWorld({
      seed: 83,
      extra: `[mint]
uri_prefix = "${site.url}/pages/ipfs/"
recheck_after = "1s"
[reconcile]
interval = "0s"
[[dependency.gateway.endpoint]]
name = "site"
url = "${site.url}"
[dependency.partner.shop]
url = "${shop.url}/seen/{wallet}"
`,
    });
  });
  after(async () => {
    await h.closeWorld(world);
    site?.server.close();
    shop?.server.close();
  });

  const minted = async () => {
    const [request] = h.make(world, 1);
    await h.mint(world, request);
    await h.completed(world, request.id);
    return request;
  };
  const secondLook = async (id) => {
    const { value } = await world.daemon.insist('GET', `/api/v1/operations?parent=${id}`);
    return value.items.find(({ kind }) => kind === 'recheck');
  };
  const notes = async (id) => JSON.stringify(await h.events(world, id));

  // The flag comes, with its trail; it goes when the second look is taken again.
  async function expectFlag(drift, words, { spoil, meanwhile = () => {}, mend }) {
    const { id } = await minted();
    spoil();
    await h.until(world, id, (now) => now.drift === drift, `flagged as ${drift}`);
    const look = await secondLook(id);
    assert.ok((await notes(look.id)).includes(words), await notes(look.id));
    await meanwhile(id);
    mend();
    await h.until(world, id, (now) => now.drift === undefined, 'flagged no more');
    await h.until(world, look.id, ({ state }) => state === 'completed', 'seen to agree');
  }

  test('is content with a mint on which all agree', async () => {
    const { id } = await minted();
    let look;
    while (!(look = await secondLook(id))) await h.sleep(25);
    await h.until(world, look.id, ({ state }) => state === 'completed', 'completed');
    assert.equal((await h.operation(world, id)).drift, undefined);
  });

  test('uri_dead: the site has lost the page, the gateways have the content', async () => {
    await expectFlag('uri_dead', `${site.url}/pages/ipfs/`, {
      spoil: () => { is_up = false; },
      meanwhile: async (id) => {
        const { value } = await world.daemon.call('POST', '/api/v1/reconciliations', {
          headers: { 'content-type': 'application/json', 'idempotency-key': 'dead', prefer: 'wait=60' },
          body: JSON.stringify({ content: true }),
          timeoutMs: 70000,
        });
        const found = value.report.findings.find((each) => each.operation_id === id);
        assert.equal(found?.drift, 'uri_dead', JSON.stringify(value));
        assert.equal(found.remedy, 'none');
      },
      mend: () => { is_up = true; },
    });
  });

  test('partner_mismatch: a partner shows another level', async () => {
    await expectFlag('partner_mismatch', 'partner shop: level is 99', {
      spoil: () => { is_mistaken = true; },
      mend: () => { is_mistaken = false; },
    });
  });
});
