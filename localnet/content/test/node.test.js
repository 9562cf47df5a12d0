// proves: X3
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { readCar, writeCar } from '../car.js';

let node;
let child;
let folder;

const post = (url, body) => fetch(url, { method: 'POST', body });
const file = (bytes) => {
  const form = new FormData();
  form.append('file', new Blob([bytes]), 'f');
  return form;
};
const add = async (bytes) =>
  (await post(`${node.api}/api/v0/add?cid-version=1&raw-leaves=true&chunker=size-262144&pin=true`, file(bytes))).json();
// byte i = (i*31+7) % 251, the recipe of the CID vectors
const pattern = (size) => Uint8Array.from({ length: size }, (_, i) => (i * 31 + 7) % 251);

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'content-'));
  child = spawn(process.execPath, [new URL('../node.js', import.meta.url).pathname, '--folder', folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  node = await new Promise((resolve) => child.stdout.once('data', (line) => resolve(JSON.parse(line))));
});
after(() => {
  child.kill();
  rmSync(folder, { recursive: true });
});

test('computes the CIDs of the published vectors and serves the bytes back', async () => {
  const small = await add('hello world');
  assert.equal(small.Hash, 'bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e');
  const two = await add(pattern(262145));
  assert.equal(two.Hash, 'bafybeich6cqd6yabw3cku6edwmz4rvwe275nx2l6ootvc2bpbt5bdvarua');
  const served = await fetch(`${node.gateway}/ipfs/${two.Hash}`);
  assert.equal(served.status, 200);
  assert.deepEqual(new Uint8Array(await served.arrayBuffer()), pattern(262145));
  const block = await fetch(`${node.gateway}/ipfs/${small.Hash}?format=raw`);
  assert.equal(await block.text(), 'hello world');
});

const blocksOf = (answer) => readCar(answer.body);

test('serves a file as a CAR, which another node imports and pins whole', async () => {
  const content = pattern(600000);
  const { Hash } = await add(content);
  const car = Buffer.from(await (await fetch(`${node.gateway}/ipfs/${Hash}?format=car`)).arrayBuffer());
  const { roots, blocks } = await readCar(new Blob([car]).stream());
  assert.deepEqual(roots.map(String), [Hash]);
  assert.equal(blocks.length, 4);
  const one = await blocksOf(await fetch(`${node.gateway}/ipfs/${Hash}?format=car&dag-scope=block`));
  assert.deepEqual(one.blocks.map(({ cid }) => String(cid)), [Hash]);

  assert.equal((await post(`${node.api}/api/v0/pin/rm?arg=${Hash}`)).status, 200);
  const told = (bytes) => post(`${node.api}/api/v0/dag/import`, file(bytes));
  assert.equal((await (await told(car)).json()).Root.Cid['/'], Hash);
  assert.ok((await (await post(`${node.api}/api/v0/pin/ls?arg=${Hash}`)).json()).Keys[Hash]);
  // A block that is another one than its CID says.
  car[car.length - 1] ^= 1;
  assert.equal((await told(car)).status, 500);
});

test('does not pin what is not there to the last block', async () => {
  const { Hash } = await add(pattern(300000));
  const { roots, blocks } = await blocksOf(await fetch(`${node.gateway}/ipfs/${Hash}?format=car`));
  await post(`${node.api}/api/v0/pin/rm?arg=${Hash}`);
  const faults = { lose: [String(blocks.at(-1).cid)] };
  await post(`${node.control}/faults`, JSON.stringify(faults));
  const parts = [];
  for await (const part of writeCar(roots[0], blocks.slice(0, 1))) parts.push(part);
  const answer = await (await post(`${node.api}/api/v0/dag/import`, file(Buffer.concat(parts)))).json();
  assert.notEqual(answer.Root.PinErrorMsg, '');
  assert.equal((await post(`${node.api}/api/v0/pin/rm?arg=${Hash}`)).status, 500);
});

test('pins, lists and unpins', async () => {
  const { Hash } = await add('pinned');
  const pins = await (await post(`${node.api}/api/v0/pin/ls?arg=${Hash}`)).json();
  assert.ok(pins.Keys[Hash]);
  assert.equal((await post(`${node.api}/api/v0/pin/rm?arg=${Hash}`)).status, 200);
  assert.equal((await post(`${node.api}/api/v0/pin/rm?arg=${Hash}`)).status, 500);
});

test('answers bad requests as such', async () => {
  assert.equal((await fetch(`${node.gateway}/ipfs/nonsense`)).status, 400);
  const absent = 'bafkreigkgwdvr5wspzwpiutssn4xpj2i7wedshnwphhnu7ohx4pqaxxipe';
  assert.equal((await fetch(`${node.gateway}/ipfs/${absent}`)).status, 404);
  assert.equal((await fetch(`${node.api}/api/v0/version`)).status, 405);
});

test('fails as told and recovers', async () => {
  const { Hash } = await add('hello world');
  const told = (faults) => post(`${node.control}/faults`, JSON.stringify(faults));
  await told({ corrupt: true });
  assert.notEqual(await (await fetch(`${node.gateway}/ipfs/${Hash}`)).text(), 'hello world');
  await told({ corrupt: false, http_503: 1 });
  assert.equal((await post(`${node.api}/api/v0/version`)).status, 503);
  assert.equal((await post(`${node.api}/api/v0/version`)).status, 200);
  await told({ refuse: true });
  await assert.rejects(fetch(`${node.gateway}/ipfs/${Hash}`));
  await post(`${node.control}/clear`);
  assert.equal(await (await fetch(`${node.gateway}/ipfs/${Hash}`)).text(), 'hello world');
});
