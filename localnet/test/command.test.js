'use strict';
const test = require('node:test');
const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const path = require('node:path');
const { once } = require('node:events');
const { post } = require('./net.js');

const COMMAND = path.join(__dirname, '../bin/localnet.js');

async function run(t, ...args) {
  const child = spawn(process.execPath, [COMMAND, ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
  t.after(() => child.kill('SIGKILL'));
  let out = '';
  child.stdout.on('data', (d) => (out += d));
  const ended = once(child, 'exit');
  const ready = new Promise((resolve, reject) => {
    child.stdout.on('data', () => out.includes('\n') && resolve(JSON.parse(out)));
    ended.then(() => reject(new Error('ended before it was ready')));
  });
  ready.catch(() => {});
  return { child, ready, ended };
}

test('prints one line when ready, keeps its promises, ends on SIGTERM', async (t) => {
  const { child, ready, ended } = await run(t, '--fronts', '2', '--slot-ms', '10', '--faults', '[null,{"lag":3}]');
  const line = await ready;
  assert.deepEqual(Object.keys(line), ['rpc', 'ws', 'control', 'pid']);
  assert.deepEqual([line.rpc.length, line.ws.length, line.pid], [2, 2, child.pid]);
  const state = await (await fetch(`${line.control}/state`)).json();
  assert.deepEqual([state.slot_ms, state.fronts[1].faults.lag], [10, 3]);
  const slot = async () => (await (await post(line.rpc[0], { jsonrpc: '2.0', id: 1, method: 'getSlot', params: [{ commitment: 'processed' }] })).json()).result;
  const first = await slot();
  while ((await slot()) < first + 5) await new Promise((resolve) => setTimeout(resolve, 5));
  child.kill('SIGTERM');
  assert.deepEqual(await ended, [0, null]);
});

test('ends with its standard input only if told so', async (t) => {
  const [told, untold] = [await run(t, '--exit-with-stdin'), await run(t)];
  await told.ready;
  const { rpc } = await untold.ready;
  told.child.stdin.end();
  untold.child.stdin.end();
  assert.deepEqual(await told.ended, [0, null]);
  assert.equal((await fetch(`${rpc[0]}/health`)).status, 200);
});

test('fixed ports, and a usage error is exit 2', async (t) => {
  const first = await run(t, '--fronts', '1');
  const port = new URL((await first.ready).rpc[0]).port;
  const taken = await run(t, '--ports', port);
  assert.deepEqual(await taken.ended, [1, null]);
  for (const args of [['--slot-ms', 'x'], ['--nothing'], ['--fronts', '2', '--ports', '0'], ['--faults', '{}'], ['--confirm-slots', '9', '--final-slots', '3']]) {
    assert.deepEqual(await (await run(t, ...args)).ended, [2, null], args.join(' '));
  }
});
