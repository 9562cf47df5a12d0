// The model of Pinata is held to the client that Pinata publishes: what that client sends must be
// understood, and what it reads must be answered. THOLE_FAKE names the program that serves models.
'use strict';
const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const { createHash } = require('node:crypto');
const path = require('node:path');
const { after, before, test } = require('node:test');
const { PinataSDK } = require('pinata');

const FAKE = process.env.THOLE_FAKE ?? path.join(__dirname, '../../../build/dev/localnet/thole-fake');
let fake;
let url;
let client;

const post = (faults) => fetch(`${url}/_faults`, { method: 'POST', body: JSON.stringify(faults) });
const kept = async () => (await fetch(`${url}/_kept`)).json();

// CIDv1 of one raw block.
function cidOf(text) {
  const bytes = Buffer.concat([Buffer.from([1, 0x55, 0x12, 0x20]), createHash('sha256').update(text).digest()]);
  const letters = 'abcdefghijklmnopqrstuvwxyz234567';
  let out = 'b';
  let bits = 0;
  let have = 0;
  for (const byte of bytes) {
    bits = (bits << 8) | byte;
    have += 8;
    for (; have >= 5; have -= 5) out += letters[(bits >> (have - 5)) & 31];
    bits &= (1 << have) - 1;
  }
  return have > 0 ? out + letters[(bits << (5 - have)) & 31] : out;
}

before(async () => {
  fake = spawn(FAKE, ['pinata', '--token', 'jwt']);
  const line = await new Promise((resolve, reject) => {
    fake.stdout.once('data', resolve);
    fake.once('error', reject);
  });
  url = `http://127.0.0.1:${JSON.parse(line).listen}`;
  client = new PinataSDK({ pinataJwt: 'jwt', endpointUrl: `${url}/v3`, uploadUrl: `${url}/v3` });
});
after(() => fake.kill());

// proves: I2, X3
test('a file is uploaded, found and deleted', async () => {
  const file = new File(['hello pinata'], 'hello.txt', { type: 'text/plain' });
  const made = await client.upload.public.file(file).name('greeting').keyvalues({ kind: 'test' });
  assert.equal(made.cid, cidOf('hello pinata'));
  assert.equal(made.name, 'greeting');
  assert.equal(made.network, 'public');
  assert.equal(made.is_duplicate, false);
  assert.deepEqual(made.keyvalues, { kind: 'test' });

  const again = await client.upload.public.file(file);
  assert.equal(again.id, made.id);
  assert.equal(again.is_duplicate, true);

  const found = await client.files.public.list().cid(made.cid);
  assert.deepEqual(found.files.map(({ id }) => id), [made.id]);
  assert.deepEqual(await kept(), [made.cid]);

  const gone = await client.files.public.delete([made.id]);
  assert.equal(gone[0].id, made.id);
  assert.equal(gone[0].status, 'OK');
  assert.deepEqual(await kept(), []);
  const missing = await client.files.public.delete([made.id]);
  assert.notEqual(missing[0].status, 'OK');
});

test('a private file is no public one', async () => {
  const file = new File(['nobody reads this'], 'private.txt');
  const made = await client.upload.private.file(file);
  assert.equal(made.network, 'private');
  const found = await client.files.public.list().cid(made.cid);
  assert.equal((found.files ?? []).length, 0);
});

// Above 90 MiB the client uploads in parts.
test('a large file goes up in parts', async () => {
  const size = 95 << 20;
  const made = await client.upload.public.file(new File([Buffer.alloc(size, 7)], 'large.bin'));
  assert.equal(made.size, size);
  assert.equal(made.name, 'large.bin');
  assert.ok((await kept()).includes(made.cid));
  await client.files.public.delete([made.id]);
});

test('refusals reach the client as what they are', async () => {
  const stranger = new PinataSDK({ pinataJwt: 'another', endpointUrl: `${url}/v3`, uploadUrl: `${url}/v3` });
  const file = new File(['x'], 'x.txt');
  await assert.rejects(async () => stranger.upload.public.file(file), { name: 'AuthenticationError', statusCode: 401 });
  await post({ http_503: 1 });
  await assert.rejects(async () => client.upload.public.file(file), { name: 'NetworkError', statusCode: 503 });
  await post({ suspended: true });
  await assert.rejects(async () => client.upload.public.file(file), { name: 'AuthenticationError', statusCode: 403 });
  await post({});
});
