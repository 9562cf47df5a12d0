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

const right = {
  'GET /api/v1/operations': { items: [] },
  'GET /api/v1/mints/estimate': { lamports: 1, wallet_lamports: 2 },
  'POST /api/v1/content': { cid: 'bafk' },
  'POST /api/v1/mints': { id: 'one', state: 'ready' },
  'GET /api/v1/operations/one': { id: 'one', state: 'completed' },
};

// The command against a server that answers each "METHOD /path" with `reply(what)`: a body, or a status.
async function against(file, reply) {
  const server = http.createServer((request, response) => {
    const said = reply(`${request.method} ${request.url.split('?')[0]}`);
    if (typeof said === 'number') response.statusCode = said;
    if (said.type) response.statusCode = said.status;
    request.resume().on('end', () => response.end(typeof said === 'number' ? '' : JSON.stringify(said)));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const ended = await thole(['-o', 'json', 'mint', '--batch', file],
    ['--url', `http://127.0.0.1:${server.address().port}`]).ended;
  server.closeAllConnections();
  server.close();
  return ended;
}

test('an answer that lacks what it must say is an error and not asked for again', async () => {
  const file = write('lacking', h.make(world, 1));
  for (const [call, member] of [['POST /api/v1/content', 'cid'], ['POST /api/v1/mints', 'id'],
    ['POST /api/v1/mints', 'state'], ['GET /api/v1/operations/one', 'state'], [null, null]]) {
    const seen = [];
    const { code, out, err } = await against(file, (what) => {
      seen.push(what);
      const { ...body } = right[what];
      if (what === call) delete body[member];
      return body;
    });
    const { completed, failures } = JSON.parse(out);
    assert.equal(code, call ? 1 : 0, out + err);
    assert.equal(completed, call ? 0 : 1);
    if (!call) continue;
    assert.match(failures[0].detail, new RegExp(`has no "${member}"`));
    assert.equal(seen.filter((each) => each === call).length, 1);
  }
});

test('what stands before the daemon and does not reach it fails no item', async () => {
  const file = write('ill', h.make(world, 2));
  for (const [call, status] of [['GET /api/v1/operations', 408], ['POST /api/v1/content', 504], ['POST /api/v1/mints', 500],
    ['POST /api/v1/mints', 503], ['GET /api/v1/operations/one', 502]]) {
    let ill = 2;
    const { code, out, err } = await against(file, (what) => (what === call && ill-- > 0 ? status : right[what]));
    assert.equal(code, 0, `${call} ${status} ${out}${err}`);
    assert.equal(JSON.parse(out).completed, 2);
  }
});

test('a picture that the image worker fails at fails its item and nothing else', async () => {
  const file = write('picture', h.make(world, 2));
  const failed = { type: '/problems/image.worker_failed', title: 'it ended', status: 503 };
  let calls = 0;
  const { code, out, err } = await against(file, (what) => (what === 'POST /api/v1/content' && calls++ === 0 ? failed : right[what]));
  assert.equal(code, 1, out + err);
  const { completed, failures } = JSON.parse(out);
  assert.equal(completed, 1);
  assert.equal(failures[0].detail, 'it ended');
});

test('a token that is refused ends the command with that', async () => {
  const file = write('refused', h.make(world, 2));
  for (const [call, status] of [['GET /api/v1/operations/one', 401], ['GET /api/v1/operations/one', 410],
    ['POST /api/v1/mints', 403], ['GET /api/v1/operations', 400], ['POST /api/v1/content', 407]]) {
    const { code, out, err } = await against(file, (what) => (what === call ? status : right[what]));
    assert.equal(code, 3, `${call} ${status} ${out}${err}`);
    assert.deepEqual(JSON.parse(out).refused, `HTTP ${status}`);
    assert.deepEqual(JSON.parse(out).failures, []);
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
  assert.equal(changed.code, 3);
  assert.match(JSON.parse(changed.out).refused, /^line 2 says something else than what was sent as drop\/2/);
  assert.equal((await operations()).filter(({ key }) => key.startsWith('drop/')).length, ITEMS);
});

// A line that is put in would give every line after it the key of another one.
test('a list whose lines have moved since it was started is refused', async () => {
  const requests = h.make(world, 3);
  const same = h.make(world, 1)[0];
  const of = async (id) => (await operations()).filter(({ key }) => key.startsWith(`${id}/`)).length;
  const afterLine = (text, line) => text.split('\n').toSpliced(line, 0, '').join('\n');
  for (const [id, list, line, told] of [
    ['moved', requests, 1, /an item was sent as moved\/2, where none is now/],
    ['later', requests.map((each) => ({ ...each, body: { ...each.body, account: 'one' } })), 2, /later\/3, where none is now/],
    ['alike', [same, same, same], 1, /alike\/2, where none is now/],
  ]) {
    const file = write(id, list);
    const args = ['-o', 'json', 'mint', '--batch', file];
    assert.equal((await thole(args).ended).code, 0);
    const before = fs.readFileSync(file, 'utf8');
    fs.writeFileSync(file, afterLine(before, line));
    const moved = await thole(args).ended;
    assert.equal(moved.code, 3, moved.out + moved.err);
    assert.match(JSON.parse(moved.out).refused, told);
    assert.equal(await of(id), 3);
    fs.writeFileSync(file, before);
    assert.equal((await thole(args).ended).code, 0, 'as it was it goes on');
    assert.equal(await of(id), 3);
  }
  // A row in the middle: the accounts of what comes after it are others, and free.
  const file = write('row', requests);
  assert.equal((await thole(['mint', '--batch', file]).ended).code, 0);
  const rows = fs.readFileSync(file, 'utf8').split('\n');
  fs.writeFileSync(file, rows.toSpliced(2, 0, rows[1].replace(requests[0].body.account, 'newcomer')).join('\n'));
  const { code, out } = await thole(['-o', 'json', 'mint', '--batch', file, '--parallel', '8']).ended;
  assert.equal(code, 3, out);
  assert.match(JSON.parse(out).refused, /^line 3 says something else than what was sent as row\/3: lines were put in/);
  assert.equal(await of('row'), 3);
  // A line that is taken out moves the last one up, onto a key that was never sent.
  const second = write('taken', requests.slice(0, 1));
  const alone = fs.readFileSync(second, 'utf8');
  fs.writeFileSync(second, afterLine(alone, 1));
  assert.equal((await thole(['mint', '--batch', second]).ended).code, 0);
  fs.writeFileSync(second, alone);
  const taken = await thole(['-o', 'json', 'mint', '--batch', second]).ended;
  assert.equal(taken.code, 3, taken.out + taken.err);
  assert.match(JSON.parse(taken.out).refused, /^an item was sent as taken\/3, where none is now/);
  assert.equal(await of('taken'), 1);
});
