'use strict';
const test = require('node:test');
const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const { createHash } = require('node:crypto');
const { once } = require('node:events');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

function run(t, repo) {
  const child = spawn(process.execPath, [path.join(__dirname, 'start.js'), '--repo', repo], { stdio: ['pipe', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  const ended = once(child, 'exit');
  const ready = once(child.stdout, 'data').then(([line]) => JSON.parse(line));
  return { child, ready, ended };
}

async function add(api, bytes) {
  const form = new FormData();
  form.append('file', new Blob([bytes], { type: 'application/octet-stream' }), 'f');
  const query = 'cid-version=1&raw-leaves=true&cid-base=base32&chunker=size-262144&pin=true';
  const r = await fetch(`${api}/api/v0/add?${query}`, { method: 'POST', body: form });
  assert.equal(r.status, 200);
  return (await r.json()).Hash;
}

const ask = (api, what) => fetch(`${api}/api/v0/${what}`, { method: 'POST' });

test('adds, gives back by RPC and gateway, keeps it all after kill -9', async (t) => {
  const repo = fs.mkdtempSync(path.join(os.tmpdir(), 'thole-kubo-'));
  t.after(() => fs.rmSync(repo, { recursive: true, force: true }));
  let node = run(t, repo);
  let { api, gateway, pid } = await node.ready;
  assert.equal(pid, node.child.pid);

  const small = Buffer.from('thole');
  const digest = createHash('sha256').update(small).digest();
  const cid = await add(api, small);
  assert.equal(cid, 'b' + base32(Buffer.concat([Buffer.from([1, 0x55, 0x12, 0x20]), digest])));
  assert.equal(await (await ask(api, `cat?arg=${cid}`)).text(), 'thole');
  const large = Buffer.alloc(700_000, 'abc');
  const large_cid = await add(api, large);
  assert.ok(Buffer.from(await (await fetch(`${gateway}/ipfs/${large_cid}`)).arrayBuffer()).equals(large));
  const version = await (await ask(api, 'version')).json();
  assert.equal(typeof version.Version, 'string');

  const second = run(t, repo);
  second.ready.catch(() => {});
  assert.deepEqual(await second.ended, [1, null], 'one node for one repository');

  node.child.kill('SIGKILL');
  await node.ended;
  node = run(t, repo);
  ({ api, gateway, pid } = await node.ready);
  const pins = (await (await ask(api, `pin/ls?arg=${large_cid}&cid-base=base32`)).json()).Keys;
  assert.deepEqual(Object.keys(pins), [large_cid]);
  assert.equal(await (await fetch(`${gateway}/ipfs/${cid}`)).text(), 'thole');
  node.child.kill('SIGTERM');
  assert.deepEqual(await node.ended, [0, null]);
});

function base32(bytes) {
  let bits = '';
  for (const b of bytes) bits += b.toString(2).padStart(8, '0');
  return bits.match(/.{1,5}/g).map((b) => 'abcdefghijklmnopqrstuvwxyz234567'[parseInt(b.padEnd(5, '0'), 2)]).join('');
}
