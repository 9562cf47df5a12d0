// `thole mint --batch`: judged whole before anything leaves, minted a few at a time, and gone on with
// after the command and the daemon were killed half-way – without a second token of anything.
// proves: M3
'use strict';
const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const fs = require('node:fs');
const http = require('node:http');
const { once } = require('node:events');
const { after, before, test } = require('node:test');
const h = require('./harness.js');

const ITEMS = 24;
let world;
before(async () => { world = await h.openWorld({ seed: 31 }); });
after(() => h.closeWorld(world));

function thole(args, where = ['--socket', world.daemon.socket]) {
  const child = spawn(h.BINARY, [...where, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const text = { out: '', err: '' };
  child.stdout.on('data', (part) => { text.out += part; });
  child.stderr.on('data', (part) => { text.err += part; });
  const ended = new Promise((resolve) => child.on('close', (code) => resolve({ code, ...text })));
  return { child, ended };
}

// The requests as a list on disk, with a picture for each.
function write(name, requests) {
  const folder = fs.mkdtempSync(`${world.folder}/batch-`);
  const lines = requests.map(({ body, image }, i) => {
    fs.writeFileSync(`${folder}/${i}.png`, image);
    return [body.owner, body.account, body.name, body.symbol, `"${body.description}"`, `${i}.png`, body.level, body.attributes[0].value].join(',');
  });
  const file = `${folder}/${name}.csv`;
  fs.writeFileSync(file, `owner,account,name,symbol,description,image,level,attribute:Colour\n${lines.join('\n')}\n`);
  return file;
}

const operations = async (state) => {
  const answer = await world.daemon.insist('GET', `/api/v1/operations?kind=mint&limit=500${state ? `&state=${state}` : ''}`);
  return answer.value.items;
};

test('every mistake is told with its line and nothing is sent', async () => {
  const requests = h.make(world, 3);
  requests[0].body.name = 'a name that is longer than thirty-two bytes';
  requests[2].body.owner = 'nobody';
  const { code, out } = await thole(['-o', 'json', 'mint', '--batch', write('wrong', requests)]).ended;
  assert.equal(code, 3);
  assert.deepEqual(JSON.parse(out).mistakes.map(({ place, field }) => [place, field]),
    [['line 2', 'name'], ['line 4', 'owner']]);
  assert.equal((await operations()).length, 0);
});

test('cost and time are told before', async () => {
  const { code, err } = await thole(['mint', '--dry-run', '--batch', write('dry', h.make(world, 3))]).ended;
  assert.equal(code, 0, err);
  assert.match(err, /batch dry: 3 mints, at most 0\.\d+ SOL of the wallet's \d+\.\d+ SOL, about \d+/);
  assert.equal((await operations()).length, 0);
});

test('an answer that lacks what it must say is an error and not asked for again', async () => {
  const file = write('lacking', h.make(world, 1));
  const right = {
    'GET /api/v1/mints/estimate': { lamports: 1, wallet_lamports: 2 },
    'POST /api/v1/content': { cid: 'bafk' },
    'POST /api/v1/mints': { id: 'one', state: 'ready' },
    'GET /api/v1/operations/one': { id: 'one', state: 'completed' },
  };
  for (const [call, member] of [['POST /api/v1/content', 'cid'], ['POST /api/v1/mints', 'id'],
    ['POST /api/v1/mints', 'state'], ['GET /api/v1/operations/one', 'state'], [null, null]]) {
    const seen = [];
    const server = http.createServer((request, response) => {
      const what = `${request.method} ${request.url.split('?')[0]}`;
      seen.push(what);
      const { ...body } = right[what];
      if (what === call) delete body[member];
      request.resume().on('end', () => response.end(JSON.stringify(body)));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { code, out, err } = await thole(['-o', 'json', 'mint', '--batch', file],
      ['--url', `http://127.0.0.1:${server.address().port}`]).ended;
    server.closeAllConnections();
    server.close();
    const { completed, failures } = JSON.parse(out);
    assert.equal(code, call ? 1 : 0, out + err);
    assert.equal(completed, call ? 0 : 1);
    if (!call) continue;
    assert.match(failures[0].detail, new RegExp(`has no "${member}"`));
    assert.equal(seen.filter((each) => each === call).length, 1);
  }
});

test('killed half-way it goes on where it was', async () => {
  const requests = h.make(world, ITEMS);
  const file = write('drop', requests);
  const args = ['-o', 'json', 'mint', '--batch', file, '--parallel', '6'];
  const first = thole(args);
  for (let waited = 0; (await operations('completed')).length < 4; waited += 50) {
    assert.ok(waited < 60000, 'nothing completes');
    await h.sleep(50);
  }
  first.child.kill('SIGKILL');
  await first.ended;
  await world.kill();
  const { code, out, err } = await thole(args).ended;
  assert.equal(code, 0, out + err);
  assert.deepEqual(JSON.parse(out), { v: 1, batch: 'drop', items: ITEMS, completed: ITEMS, failures: [] });

  const made = await operations();
  assert.equal(made.length, ITEMS);
  assert.deepEqual(new Set(made.map(({ key }) => key)), new Set(requests.map((_, i) => `drop/${i + 2}`)));
  for (const [i, request] of requests.entries()) {
    request.mint = made.find(({ key }) => key === `drop/${i + 2}`).mint;
  }
  await h.assertMinted(world, requests);

  // A changed line is no new mint: its key says so.
  const text = fs.readFileSync(file, 'utf8').replace(requests[0].body.name, 'Another name');
  fs.writeFileSync(file, text);
  const changed = await thole(args).ended;
  assert.equal(changed.code, 1);
  const { completed, failures } = JSON.parse(changed.out);
  assert.equal(completed, ITEMS - 1);
  assert.deepEqual(failures.map(({ place, key }) => [place, key]), [['line 2', 'drop/2']]);
});
