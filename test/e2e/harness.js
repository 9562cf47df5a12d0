// A world for one test file: localnet with short slots, content node and the daemon in a throwaway
// folder. THOLE_BINARY names the daemon under test.
'use strict';
const assert = require('node:assert/strict');
const fs = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');

const DEMO = path.join(__dirname, '../../localnet/demo');
const { random } = require(`${DEMO}/random.js`);
const { requests } = require(`${DEMO}/request.js`);
const { submit } = require(`${DEMO}/mint.js`);
const { readBack } = require(`${DEMO}/verify.js`);
const { World } = require(`${DEMO}/world.js`);
const { sleep } = require(`${DEMO}/daemon.js`);

const BINARY = process.env.THOLE_BINARY ?? path.join(__dirname, '../../build/dev/src/app/thole');
const SHORT_SLOTS = ['--slot-ms', '20', '--blockhash-age', '3000'];

function freePort() {
  return new Promise((resolve) => {
    const server = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

async function openWorld({ seed = 1, ledger = SHORT_SLOTS, folder, ...rest } = {}) {
  const chance = random(seed);
  const place = folder ?? fs.mkdtempSync(path.join(os.tmpdir(), 'thole-e2e-'));
  const world = new World({ folder: place, binary: BINARY, chance, ledger, ...rest });
  world.made = 0;
  try {
    await world.start(await freePort());
  } catch (error) {
    await world.stop();
    throw error;
  }
  return world;
}

async function closeWorld(world) {
  await world.stop();
  fs.rmSync(world.folder, { recursive: true, force: true });
}

// Fresh requests; keys and names never repeat within a world.
function make(world, count, change = {}) {
  return requests(count, world.chance).map((request, i) => {
    world.made += 1;
    return {
      ...request,
      key: `e2e-${world.made}`,
      body: { ...request.body, account: `visitor-${world.made}`, name: `Tide ${world.made}`, ...change },
      order: i,
    };
  });
}

async function operation(world, id) {
  return (await world.daemon.insist('GET', `/api/v1/operations/${id}`)).value;
}

// Polls until the predicate holds for the operation; fails with what it last was.
async function until(world, id, predicate, what, timeoutMs = 60000) {
  const give_up = Date.now() + timeoutMs;
  for (;;) {
    const now = await operation(world, id);
    if (predicate(now)) return now;
    if (Date.now() > give_up) assert.fail(`not ${what} in ${timeoutMs} ms: ${JSON.stringify(now)}`);
    await sleep(25);
  }
}

const completed = (world, id, timeoutMs) =>
  until(world, id, ({ state }) => ['completed', 'rolled_back', 'failed', 'closed'].includes(state), 'ended', timeoutMs)
    .then((ended) => {
      assert.equal(ended.progress, 'COMPLETED', JSON.stringify(ended));
      return ended;
    });

async function mint(world, request) {
  const accepted = await submit(world.daemon, request);
  request.id = accepted.id;
  request.mint = accepted.mint;
  return accepted;
}

async function events(world, id) {
  const answer = await world.daemon.insist('GET', `/api/v1/operations/${id}/events?after=0&limit=500`);
  return answer.value.events ?? answer.value;
}

// Every request is on chain exactly once, as requested, and its content is whole.
async function assertMinted(world, list) {
  const read = await readBack(list, { rpc: world.ledger.rpc[3], gateway: world.store.gateway, issuer: world.issuer });
  read.forEach(({ matches, reason }, i) => {
    assert.equal(matches, 1, `${list[i].key}: ${matches} tokens; ${reason}`);
    assert.equal(reason, null, list[i].key);
  });
}

module.exports = { SHORT_SLOTS, BINARY, assertMinted, closeWorld, completed, events, make, mint, openWorld, operation, sleep, until };
