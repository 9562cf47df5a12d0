// The model of Pinata is held to the client that Pinata publishes: what that client sends must be
// understood, and what it reads must be answered.
'use strict';
const assert = require('node:assert/strict');
const { createHash } = require('node:crypto');
const { after, before, test } = require('node:test');
const { PinataSDK } = require('pinata');
const { startFake } = require('../../fake.js');

let fake;
let client;

const connect = (pinataJwt) =>
  new PinataSDK({ pinataJwt, endpointUrl: `${fake.url}/v3`, uploadUrl: `${fake.url}/v3` });

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
  fake = await startFake('pinata', '--token', 'jwt');
  client = connect('jwt');
});
after(() => fake.stop());

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
  assert.deepEqual(await fake.kept(), [made.cid]);

  const gone = await client.files.public.delete([made.id]);
  assert.equal(gone[0].id, made.id);
  assert.equal(gone[0].status, 'OK');
  assert.deepEqual(await fake.kept(), []);
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
  assert.ok((await fake.kept()).includes(made.cid));
  await client.files.public.delete([made.id]);
});

test('refusals reach the client as what they are', async () => {
  const stranger = connect('another');
  const file = new File(['x'], 'x.txt');
  await assert.rejects(async () => stranger.upload.public.file(file), { name: 'AuthenticationError', statusCode: 401 });
  await fake.faults({ http_503: 1 });
  await assert.rejects(async () => client.upload.public.file(file), { name: 'NetworkError', statusCode: 503 });
  await fake.faults({ suspended: true });
  await assert.rejects(async () => client.upload.public.file(file), { name: 'AuthenticationError', statusCode: 403 });
  await fake.faults({});
});
