// A drop: many mints to many wallets in one batch, while everything around it fails and the daemon
// is killed, and in the end each is there once. THOLE_E2E_BATCH=1000 makes it a thousand (minutes).
// proves: M3
'use strict';
const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const fs = require('node:fs');
const { after, before, test } = require('node:test');
const { DatabaseSync } = require('node:sqlite');
const { Keypair } = require('../../localnet/node_modules/@solana/web3.js');
const h = require('./harness.js');

const ITEMS = Number(process.env.THOLE_E2E_BATCH ?? 50);
const WALLETS = 50;
let world;
before(async () => { world = await h.openWorld({ seed: 77 }); });
after(() => h.closeWorld(world));

function run(file) {
  const args = ['--socket', world.daemon.socket, '-o', 'json', 'mint', '--batch', file, '--parallel', '64'];
  const child = spawn(h.BINARY, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const text = { out: '', err: '' };
  child.stdout.on('data', (part) => { text.out += part; });
  child.stderr.on('data', (part) => { text.err += part; });
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, ...text })));
}

// Wallets take turns; some hold several.
function write(requests) {
  const owners = Array.from({ length: WALLETS }, () => Keypair.fromSeed(world.chance.bytes(32)).publicKey.toBase58());
  const lines = requests.map((request, i) => {
    const { body, image } = request;
    body.owner = owners[i % owners.length];
    fs.writeFileSync(`${world.folder}/drop/${i}.png`, image);
    return [body.owner, body.account, body.name, body.symbol, `"${body.description}"`, `${i}.png`, body.level, body.attributes[0].value].join(',');
  });
  const file = `${world.folder}/drop/drop.csv`;
  fs.writeFileSync(file, `owner,account,name,symbol,description,image,level,attribute:Colour\n${lines.join('\n')}\n`);
  return file;
}

function landed() {
  const records = new DatabaseSync(`${world.folder}/data/records.sqlite`, { readOnly: true });
  try {
    return records.prepare("select operation_id, mint, metadata_json from thole_nft where status = 'completed'").all();
  } finally {
    records.close();
  }
}

// One trouble after another, each for a while, at shares of what is completed.
async function weather(running) {
  const plan = [
    [0.1, () => world.front(0, { refuse: true })],
    [0.2, () => world.front(1, { lag: 24 })],
    [0.3, () => world.front(0, { refuse: false })],
    [0.35, () => world.content({ refuse: true })],
    [0.35, () => h.sleep(2000).then(() => world.content({ refuse: false }))],
    [0.45, () => world.front(1, { lag: 0, lose_answers: 3 })],
    [0.5, () => world.kill()],
    [0.65, () => world.front(2, { http_429: { until_ms: 3000, retry_after: 1 } })],
    [0.7, () => world.front(0, { drop_sends: 5 })],
    [0.8, () => world.kill()],
  ];
  while (plan.length > 0 && running()) {
    const [share, act] = plan[0];
    let done = 0;
    try {
      done = landed().length;
    } catch {
      // no table yet, or the daemon is at it
    }
    if (done < share * ITEMS) {
      await h.sleep(100);
      continue;
    }
    plan.shift();
    await act();
  }
  return plan.length;
}

test(`${ITEMS} mints to ${WALLETS} wallets under faults, none twice and none lost`, { timeout: 3_600_000 }, async () => {
  fs.mkdirSync(`${world.folder}/drop`);
  const requests = h.make(world, ITEMS);
  const file = write(requests);
  const begun = Date.now();
  let ended = false;
  const batch = run(file).finally(() => { ended = true; });
  const left = await weather(() => !ended);
  const { code, out, err } = await batch;
  const seconds = (Date.now() - begun) / 1000;
  assert.equal(code, 0, out + err);
  assert.deepEqual(JSON.parse(out), { v: 1, batch: 'drop', items: ITEMS, completed: ITEMS, failures: [] });
  assert.equal(left, 0, 'every trouble came');
  await world.calm();

  const rows = landed();
  assert.equal(rows.length, ITEMS);
  assert.equal(new Set(rows.map(({ mint }) => mint)).size, ITEMS);
  const by_name = new Map(rows.map((row) => [JSON.parse(row.metadata_json).name, row]));
  for (const request of requests) request.mint = by_name.get(request.body.name).mint;
  // By a reader that knows only the chain and the second gateway; wallet by wallet, for its sake.
  for (const list of Object.values(Object.groupBy(requests, ({ body }) => body.owner))) {
    await h.assertMinted(world, list);
  }
  console.log(`${ITEMS} mints in ${seconds.toFixed(1)} s (${(ITEMS / seconds).toFixed(1)} a second), ${world.daemon.kills} kills`);
});
