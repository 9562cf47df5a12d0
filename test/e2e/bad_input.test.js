// Bad input gets a problem that names the field and the rule, and leaves nothing behind.
// proves: O10, M4
'use strict';
const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const { after, before, describe, test } = require('node:test');
const h = require('./harness.js');

let world;
let good;
before(async () => {
  world = await h.openWorld({ seed: 41 });
  const [request] = h.make(world, 1);
  const stored = await world.daemon.call('POST', '/api/v1/content', {
    headers: { 'content-type': 'image/png' }, body: request.image,
  });
  assert.equal(stored.status, 201);
  good = { ...request.body, image: stored.value.cid };
});
after(() => h.closeWorld(world));

let keys = 0;
async function post(body, headers = {}) {
  keys += 1;
  return world.daemon.call('POST', '/api/v1/mints', {
    headers: { 'content-type': 'application/json', 'idempotency-key': `bad-${keys}`, ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}

// status, the pointer that is named, words of the rule
function assertProblem(answer, status, pointer, rule) {
  assert.equal(answer.status, status, JSON.stringify(answer.value));
  assert.equal(answer.headers['content-type'], 'application/problem+json');
  assert.equal(answer.value.status, status);
  assert.match(answer.value.type, /^\/problems\/[a-z_]+\.[a-z_]+$/);
  if (pointer === undefined) return;
  const named = (answer.value.errors ?? []).find((error) => error.pointer === pointer);
  assert.ok(named, `no error points at ${pointer}: ${JSON.stringify(answer.value)}`);
  assert.match(named.detail, rule);
}

describe('mints', () => {
  const cases = [
    ['a malformed wallet', { owner: 'not-a-wallet' }, 422, '/owner', /base58|32 bytes/],
    ['a name of 33 bytes', { name: 'x'.repeat(33) }, 422, '/name', /32/],
    ['a symbol of 11 bytes', { symbol: 'ABCDEFGHIJK' }, 422, '/symbol', /10/],
    ['a level that is too large', { level: 4294967296 }, 422, '/level', /4294967295|range/],
    ['a CID that is none', { image: 'bafy' }, 422, '/image', /CID/],
    ['content that was never uploaded', { image: 'bafkreigkgwdvr5wspzwpiutssn4xpj2i7wedshnwphhnu7ohx4pqaxxipe' }, 422, '/image', /content|upload|unknown/],
    ['an unknown member', { colour: 'red' }, 400, '/colour', /no such member/],
    ['a standard that does not exist', { standard: 'erc-721' }, 422, '/standard', /token-2022/],
  ];
  for (const [what, change, status, pointer, rule] of cases) {
    test(what, async () => assertProblem(await post({ ...good, ...change }), status, pointer, rule));
  }

  test('a missing image', async () => {
    const { image, ...rest } = good;
    assertProblem(await post(rest), 400, '/image', /missing|required/);
  });
  test('a duplicate member', async () => {
    const text = JSON.stringify(good).replace('{', '{"name":"twice",');
    assertProblem(await post(text), 400, '/name', /twice|duplicate/);
  });
  test('broken JSON', async () => assertProblem(await post('{"owner": '), 400));
  test('no idempotency key', async () => {
    const answer = await world.daemon.call('POST', '/api/v1/mints', {
      headers: { 'content-type': 'application/json' }, body: JSON.stringify(good),
    });
    assertProblem(answer, 400);
    assert.match(JSON.stringify(answer.value), /Idempotency-Key/);
  });
  test('a body over 64 KiB', async () => assertProblem(await post({ ...good, description: 'x'.repeat(70000) }), 413));
  test('several problems are all named', async () => {
    const answer = await post({ ...good, owner: 'x', name: 'y'.repeat(40) });
    assert.deepEqual(answer.value.errors.map(({ pointer }) => pointer).sort(), ['/name', '/owner']);
  });
});

describe('content', () => {
  const upload = (body, type = 'image/png') =>
    world.daemon.call('POST', '/api/v1/content', { headers: { 'content-type': type }, body, timeoutMs: 30000 });
  test('what is no image', async () => assertProblem(await upload(Buffer.from('hello')), 415));
  test('nothing at all', async () => assertProblem(await upload(Buffer.alloc(0)), 422));
  test('more than 50 MiB', async () => {
    const answer = await upload(Buffer.alloc(50 * 1024 * 1024 + 1)).catch((error) => error);
    // The daemon may close the connection before all of the body was sent.
    if (answer instanceof Error) assert.match(answer.message, /ECONNRESET|EPIPE|hang up/);
    else assertProblem(answer, 413);
  });
});

test('nothing of it was journaled', async () => {
  const answer = await world.daemon.call('GET', '/api/v1/operations?limit=10');
  assert.deepEqual(answer.value.items, []);
});

describe('operations', () => {
  test('an id that is none', async () => assertProblem(await world.daemon.call('GET', '/api/v1/operations/xyz'), 404));
  test('a method that is not allowed', async () => assertProblem(await world.daemon.call('DELETE', '/api/v1/mints'), 405));
  test('a limit over 500', async () => assertProblem(await world.daemon.call('GET', '/api/v1/operations?limit=501'), 400));
  test('a wallet that is none', async () => assertProblem(await world.daemon.call('GET', '/api/v1/verify/nobody'), 422));
  test('changes over TCP need a token', async () => {
    const answer = await fetch(`${world.daemon.url}/api/v1/mints`, { method: 'POST', body: '{}' });
    assert.equal(answer.status, 401);
  });
});

describe('configuration', () => {
  const check = (text) => {
    const file = `${world.folder}/other.toml`;
    fs.writeFileSync(file, text);
    const run = spawnSync(h.BINARY, ['--config', file, 'config', 'check'], { encoding: 'utf8' });
    return { code: run.status, text: run.stdout + run.stderr };
  };
  const own = () => fs.readFileSync(world.daemon.config, 'utf8');

  test('as it stands it is fine', () => assert.equal(check(own()).code, 0));
  test('a key file that others may read', () => {
    const key = `${world.folder}/open.json`;
    fs.copyFileSync(`${world.folder}/wallet.json`, key);
    fs.chmodSync(key, 0o644);
    const { code, text } = check(own().replace(/key = .*/, `key = "file:${key}"`));
    assert.equal(code, 2);
    assert.match(text, /wallet.*key|0600/);
  });
  test('one provider only', () => {
    const { code, text } = check(own().replace(/provider = "(south|west)"/g, 'provider = "north"'));
    assert.equal(code, 2);
    assert.match(text, /two providers|min_providers|allow_single_provider/);
  });
  test('an unknown key', () => {
    const { code, text } = check(`${own()}\n[serverr]\nlisten = "x"\n`);
    assert.equal(code, 2);
    assert.match(text, /serverr/);
  });
});
