// Each class of drift made to happen on the real ledger, the content node and the records; then one
// reconciliation that must find it, name it and mend what may be mended. A table at the end says how
// long finding and mending took, and where the audit trail is.
// proves: C3, C4, E7
'use strict';
const assert = require('node:assert/strict');
const fs = require('node:fs');
const { DatabaseSync } = require('node:sqlite');
const { after, before, describe, test } = require('node:test');
const intruder = require('../../localnet/intruder.js');
const h = require('./harness.js');

const NO_SUCH = 'ipfs://bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku';

describe('drifts', () => {
  let world;
  let records;
  const table = [];
  before(async () => {
    world = await h.openWorld({ seed: 61, extra: '[reconcile]\ninterval = "0s"\n[mint]\nrecheck_after = "0s"\n' });
    records = new DatabaseSync(`${world.folder}/data/records.sqlite`);
  });
  after(async () => {
    records.close();
    console.log(['class | found after | remedy | mended after | trail', '--- | --- | --- | --- | ---', ...table].join('\n'));
    await h.closeWorld(world);
  });

  const row = (id) => records.prepare('select * from thole_nft where operation_id = ?').get(id);
  const minted = async () => {
    const [request] = h.make(world, 1);
    await h.mint(world, request);
    await h.completed(world, request.id);
    return request;
  };
  // Accepted, its content kept, and cancelled before anything was signed.
  const cancelled = async () => {
    const [request] = h.make(world, 1);
    await world.content({ corrupt: true });
    await h.mint(world, request);
    await h.until(world, request.id, ({ step }) => step === 'fetch_uris', 'at fetch_uris');
    await act(request.id, 'cancel');
    await h.until(world, request.id, ({ state }) => state === 'rolled_back', 'rolled back');
    await world.calm();
    return request;
  };
  const act = async (id, verb) => {
    const answer = await world.daemon.call('POST', `/api/v1/operations/${id}/${verb}`, {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ reason: 'the test wants it' }),
    });
    assert.equal(answer.status, 202, JSON.stringify(answer.value));
  };

  const partsOf = async (id) => {
    const { value } = await world.daemon.call('GET', `/api/v1/operations?parent=${id}`);
    return value.items.map((each) => each.id);
  };

  let runs = 0;
  async function reconcile(dry_run, content = true) {
    runs += 1;
    const answer = await world.daemon.call('POST', '/api/v1/reconciliations', {
      headers: { 'content-type': 'application/json', 'idempotency-key': `run-${runs}`, prefer: 'wait=60' },
      body: JSON.stringify({ dry_run, content }),
      timeoutMs: 70000,
    });
    assert.equal(answer.status, 200, JSON.stringify(answer.value));
    assert.equal(answer.value.state, 'completed', JSON.stringify(answer.value));
    return answer.value;
  }

  // One dry run that finds exactly this, one that mends it, one that finds nothing more.
  async function expect(drift, id, { remedy = 'fixed', leaves = [] } = {}) {
    const began = performance.now();
    const dry = await reconcile(true);
    const found = performance.now();
    const named = (run) => run.report.findings.filter(({ operation_id }) => operation_id === id);
    assert.deepEqual(named(dry).map((each) => each.drift), [drift], JSON.stringify(dry.report));
    assert.equal(named(dry)[0].remedy, remedy === 'fixed' ? 'would_fix' : 'none');
    const started = performance.now();
    const run = await reconcile(false);
    const mended = performance.now();
    const [finding] = named(run);
    assert.equal(finding.drift, drift);
    assert.equal(finding.remedy, remedy, JSON.stringify(finding));
    // The audit trail: the finding is in the operation's timeline, a repair on the chain has its own.
    const parts = await partsOf(run.id);
    const notes = (await Promise.all(parts.map((id) => h.events(world, id)))).flat().flatMap(({ data }) => data?.notes ?? []);
    assert.ok(notes.some(({ what, detail }) => what === `found ${drift}` && detail.includes(finding.mint)), JSON.stringify(notes));
    if (finding.repair) {
      const repair = await h.operation(world, finding.repair);
      assert.ok(parts.includes(repair.parent), repair.parent);
      assert.equal(repair.kind, 'mend');
      assert.equal(repair.state, 'completed');
    }
    const ms = (n) => `${Math.round(n)} ms`;
    table.push([drift, ms(found - began), finding.remedy, finding.remedy === 'fixed' ? ms(mended - started) : '–',
      finding.repair ? `reconcile + mend ${finding.repair.slice(-8)}` : 'reconcile'].join(' | '));
    const left = named(await reconcile(true)).map((each) => each.drift);
    assert.deepEqual(left, remedy === 'fixed' ? leaves : [drift]);
    return finding;
  }

  test('content_lost: the provider forgets block and pin', async () => {
    const request = await minted();
    await world.content({ lose: [row(request.id).metadata_cid] });
    await expect('content_lost', request.id);
    await h.assertMinted(world, [request]);
  });

  test('pin_lost: the pin is deleted at the provider, the gateway still serves', async () => {
    const request = await minted();
    const { image_cid: cid } = row(request.id);
    assert.equal((await fetch(`${world.store.api}/api/v0/pin/rm?arg=${cid}`, { method: 'POST' })).status, 200);
    await expect('pin_lost', request.id);
    assert.equal((await fetch(`${world.store.api}/api/v0/pin/ls?arg=${cid}`, { method: 'POST' })).status, 200);
  });

  test('record_missing: the row is deleted', async () => {
    const request = await minted();
    const before = row(request.id);
    records.prepare('delete from thole_nft where operation_id = ?').run(request.id);
    await expect('record_missing', request.id);
    const { updated_at: _, ...now } = row(request.id);
    const { updated_at: __, ...then } = before;
    assert.deepEqual(now, then);
  });

  test('record_behind: the row is of before the mint', async () => {
    const request = await minted();
    records.prepare("update thole_nft set status = 'pending', signature = null, version = 1 where operation_id = ?").run(request.id);
    await expect('record_behind', request.id);
    assert.equal(row(request.id).status, 'completed');
  });

  test('uri_mismatch: the wallet key swaps the URI behind its back', async () => {
    const request = await minted();
    await intruder.swapUri(world, request.mint, NO_SUCH);
    const uri = () => intruder.uriOf(world, request.mint);
    assert.equal(await uri(), NO_SUCH);
    await expect('uri_mismatch', request.id);
    assert.equal(await uri(), row(request.id).uri);
    await h.assertMinted(world, [request]);
  });

  test('metadata_missing: minted behind its back, without metadata', async () => {
    const request = await cancelled();
    const seed = intruder.seedOf(world, request.mint);
    assert.equal(await intruder.mintBare(world, seed, request.body.owner), request.mint);
    await expect('metadata_missing', request.id, { leaves: ['record_behind', 'pin_lost'] });
    // The rest follows: the record, and the pins that had been given back.
    await reconcile(false);
    assert.deepEqual((await reconcile(true)).report.findings, []);
    assert.equal(row(request.id).status, 'completed');
    await h.assertMinted(world, [request]);
  });

  test('orphan_record: pending, and nobody is at it', async () => {
    const request = await cancelled();
    records.prepare("update thole_nft set status = 'pending', updated_at = '2020-01-01T00:00:00.000000Z' where operation_id = ?").run(request.id);
    await expect('orphan_record', request.id);
    assert.equal(row(request.id).status, 'rolled_back');
  });

  test('orphan_pin: given up while the provider was away', async () => {
    const [request] = h.make(world, 1);
    await world.content({ corrupt: true });
    await h.mint(world, request);
    await h.until(world, request.id, ({ step }) => step === 'fetch_uris', 'at fetch_uris');
    await world.content({ corrupt: false, refuse: true });
    await act(request.id, 'cancel');
    await h.until(world, request.id, ({ step }) => step === 'upload_content', 'undoing the upload');
    await act(request.id, 'pause');
    await act(request.id, 'close');
    await world.content({ refuse: false });
    const pins = async () => (await (await fetch(world.store.control)).json()).pins;
    const held = await pins();
    await expect('orphan_pin', request.id);
    assert.equal(await pins(), held - 2, 'image and metadata are given back');
  });

  test('level_mismatch: the record says another level', async () => {
    const request = await minted();
    records.prepare('update thole_nft set level = 99 where operation_id = ?').run(request.id);
    await expect('level_mismatch', request.id);
    assert.equal(row(request.id).level, request.body.level);
  });

  test('owner_mismatch and not_on_chain are for a person', async () => {
    const request = await minted();
    const before = row(request.id);
    const set = (column, value) => records.prepare(`update thole_nft set ${column} = ? where operation_id = ?`).run(value, request.id);
    set('owner', world.issuer);
    await expect('owner_mismatch', request.id, { remedy: 'none' });
    set('owner', before.owner);
    const other = intruder.someAddress(world);
    set('mint', other);
    await expect('not_on_chain', request.id, { remedy: 'none' });
    set('mint', before.mint);
    assert.deepEqual((await reconcile(true)).report.findings, []);
  });

  // proves: C4
  test('the partner view names a forged token and does not count it', async () => {
    const request = await minted();
    const { uri } = row(request.id);
    const view = async () => (await world.daemon.call('GET', `/api/v1/verify/${request.body.owner}`)).value;
    const genuine = await view();
    const forged = await intruder.forge(world, { owner: request.body.owner, uri, name: request.body.name, symbol: request.body.symbol, authority: world.issuer });
    const seen = await view();
    const nft = seen.nfts.find(({ mint }) => mint === forged);
    assert.equal(nft.issuer_verified, false);
    assert.equal(nft.reason, 'not made by the issuer');
    assert.equal(seen.level, genuine.level);
  });

  test('the daemon counts and logs what was found', async () => {
    const { value } = await world.daemon.call('GET', '/metrics');
    assert.match(value, /thole_consistency_drifts_total\{drift="content_lost",remedy="fixed"\} 1\n/);
    const log = fs.readFileSync(`${world.logs}/daemon.log`, 'utf8');
    assert.match(log, /drift_found .*owner_mismatch/);
  });
});
