// Many records in one reconciliation: 20 in a request, no faster than it was told to ask, in memory
// that does not grow with their number. THOLE_E2E_RECORDS=100000 makes it a hundred thousand (minutes).
// proves: C3
'use strict';
const assert = require('node:assert/strict');
const fs = require('node:fs');
const { after, before, test } = require('node:test');
const { DatabaseSync } = require('node:sqlite');
const { PublicKey } = require('../../localnet/node_modules/@solana/web3.js');
const h = require('./harness.js');

const RECORDS = Number(process.env.THOLE_E2E_RECORDS ?? 2000);
const RATE = 200;
const LOST = 20; // that say they are minted, and are not there
let world;
before(async () => { world = await h.openWorld({ seed: 88, extra: `[reconcile]\ninterval = "0s"\nrate = ${RATE}\n` }); });
after(() => h.closeWorld(world));

// Of mints that came to nothing, except the first few.
function fill(template) {
  const records = new DatabaseSync(`${world.folder}/data/records.sqlite`);
  const columns = Object.keys(template);
  const insert = records.prepare(`insert into thole_nft(${columns.join(',')}) values(${columns.map(() => '?').join(',')})`);
  records.exec('begin');
  for (let i = 0; i < RECORDS; i += 1) {
    const row = {
      ...template,
      operation_id: `0190a0b4-7c00-7000-8000-${String(i).padStart(12, '0')}`,
      mint: new PublicKey(world.chance.bytes(32)).toBase58(),
      status: i < LOST ? 'completed' : 'rolled_back',
    };
    insert.run(...columns.map((name) => row[name]));
  }
  records.exec('commit');
  records.close();
}

const memory = (field) =>
  Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(fs.readFileSync(`/proc/${world.daemon.child.pid}/status`, 'utf8'))[1]) / 1024;
const asked = async () => {
  const { fronts } = await (await fetch(`${world.ledger.control}/counters`)).json();
  return fronts.reduce((sum, { requests }) => sum + (requests.getMultipleAccounts ?? 0), 0);
};

test(`${RECORDS} records`, async () => {
  const [request] = h.make(world, 1);
  await h.mint(world, request);
  await h.completed(world, request.id);
  const records = new DatabaseSync(`${world.folder}/data/records.sqlite`, { readOnly: true });
  const template = { ...records.prepare('select * from thole_nft').get() };
  records.close();
  fill(template);
  await h.sleep(100); // connections that were closed meanwhile are seen to be

  const before = { memory: memory('VmRSS'), asked: await asked(), at: performance.now() };
  const accepted = await world.daemon.insist('POST', '/api/v1/reconciliations', {
    headers: { 'content-type': 'application/json', 'idempotency-key': 'all' }, body: '{"dry_run":true}',
  });
  const ended = await h.until(world, accepted.value.id, ({ state }) => state !== 'running' && state !== 'ready', 'ended', 1_200_000);
  const seconds = (performance.now() - before.at) / 1000;
  const requests = (await asked()) - before.asked;
  const grown = memory('VmHWM') - before.memory;
  console.log(JSON.stringify({ records: RECORDS, seconds: Math.round(seconds * 10) / 10, requests, requests_per_s: Math.round(requests / seconds), memory_mb: Math.round(grown * 10) / 10 }));

  assert.equal(ended.state, 'completed', JSON.stringify(ended));
  assert.equal(Number(ended.report.records), RECORDS + 1);
  assert.deepEqual(Object.entries(ended.report.classes).map(([name, n]) => [name, Number(n)]), [['not_on_chain', LOST]]);
  const pages = Math.ceil((RECORDS + 1) / 20);
  assert.ok(requests >= pages && requests <= pages + 4 * LOST + 50, `${requests} requests for ${pages} pages`);
  assert.ok(requests / seconds <= RATE * 1.1, `${requests} requests in ${seconds} s`);
  assert.ok(grown < 32, `${grown} MB more`);
});
