// Mints NFTs through a bad day and reads everything back. Run by script/demo.
'use strict';
const fs = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const { parseArgs } = require('node:util');
const { sleep } = require('./daemon.js');
const { submit, troubles } = require('./mint.js');
const { random } = require('./random.js');
const { requests: makeRequests } = require('./request.js');
const { Screen, table } = require('./screen.js');
const { readBack } = require('./verify.js');
const { schedule } = require('./weather.js');
const { World } = require('./world.js');

const OPTIONS = {
  mints: { type: 'string', default: '12' },
  seed: { type: 'string', default: '1' },
  json: { type: 'boolean', default: false },
  keep: { type: 'boolean', default: false },
  binary: { type: 'string' },
  folder: { type: 'string' },
};
const ENDED = ['completed', 'rolled_back', 'failed', 'closed'];
const PATIENCE_MS = 300_000;

function freePort() {
  return new Promise((resolve) => {
    const server = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

async function submitAll(world, requests, screen) {
  await Promise.all(requests.map(async (request, i) => {
    await sleep(i * 400);
    const operation = await submit(world.daemon, request);
    request.id = operation.id;
    request.mint = operation.mint;
    request.acceptedAt = Date.now();
    screen.say(`${request.key} accepted, its mint will be ${operation.mint}`);
  }));
}

async function strike(world, plan, screen) {
  const began = Date.now();
  for (const { when, text, act } of plan) {
    await sleep(Math.max(0, when - (Date.now() - began)));
    screen.say(`! ${text}`);
    await act(world);
  }
}

// Follows every operation to its end, through the daemon's deaths.
async function follow(world, requests, screen) {
  const until = Date.now() + PATIENCE_MS;
  const open = () => requests.filter((request) => !request.ended);
  while (open().length > 0 && Date.now() < until) {
    await Promise.all(open().filter(({ id }) => id).map(async (request) => {
      const answer = await world.daemon.call('GET', `/api/v1/operations/${request.id}`).catch(() => null);
      if (answer?.status !== 200) return;
      request.progress = answer.value.progress;
      request.operation = answer.value;
      if (ENDED.includes(answer.value.state)) {
        request.ended = true;
        request.seconds = (Date.now() - request.acceptedAt) / 1000;
      }
    }));
    screen.draw(requests.map(({ key, progress }) => ({ key, progress })));
    await sleep(250);
  }
}

function summary(requests, world, seconds) {
  const completed = requests.filter(({ progress }) => progress === 'COMPLETED');
  const good = ({ read }) => read.matches === 1 && read.reason === null;
  return {
    requested: requests.length,
    completed: completed.length,
    verified: requests.filter(good).length,
    duplicates: requests.reduce((sum, { read }) => sum + Math.max(0, read.matches - 1), 0),
    lost: requests.filter(({ id, read }) => id && read.matches === 0).length,
    unverified_completed: completed.filter((request) => !good(request)).length,
    daemon_kills: world.daemon.kills,
    failovers: requests.reduce((sum, { trouble }) => sum + trouble.failovers, 0),
    seconds: Number(seconds.toFixed(1)),
  };
}

function report(requests) {
  const short = (text) => (text ? `${text.slice(0, 8)}…${text.slice(-4)}` : '–');
  return table(
    ['operation', 'mint address', 'CID', 'attempts', 'failovers', 'time', 'verified'],
    requests.map(({ key, read, trouble, seconds }) => [
      key, short(read.mint), short(read.uri?.replace('ipfs://', '')), trouble.attempts, trouble.failovers,
      seconds ? `${seconds.toFixed(1)} s` : '–', read.reason === null && read.matches === 1 ? 'yes' : `NO: ${read.reason}`,
    ]),
  );
}

function addresses(world, requests) {
  return {
    rpc: world.ledger.rpc,
    gateway: world.store.gateway,
    daemon: world.daemon.url,
    mints: requests.map(({ read, body }) => ({
      mint: read.mint, owner: body.owner, uri: read.uri, token_program: 'TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb',
    })),
  };
}

class UsageError extends Error {}

function options() {
  try {
    const { values } = parseArgs({ options: OPTIONS });
    const whole = (name, low, high) => {
      const number = /^[0-9]+$/.test(values[name]) ? Number(values[name]) : -1;
      if (number < low || number > high) throw new Error(`--${name} takes a whole number from ${low} to ${high}`);
      return number;
    };
    return { ...values, mints: whole('mints', 1, 500), seed: whole('seed', 0, 4294967295) };
  } catch (error) {
    throw new UsageError(error.message);
  }
}

// A folder of our own, which may be removed afterwards; a named one must be new.
function freshFolder(named) {
  if (named === undefined) return fs.mkdtempSync(path.join(os.tmpdir(), 'thole-demo-'));
  const folder = path.resolve(named);
  if (fs.existsSync(folder)) throw new UsageError(`--folder ${folder} exists already`);
  fs.mkdirSync(folder, { recursive: true });
  return folder;
}

async function badDay(world, requests, screen) {
  await Promise.all([
    submitAll(world, requests, screen),
    strike(world, schedule(world.chance, requests.length), screen),
    follow(world, requests, screen),
  ]);
  await world.calm();
  for (const request of requests) request.trouble = await troubles(world.daemon, request.id);
  screen.say('all ended; the daemon is stopped and everything is read back from chain and content');
  await world.daemon.stop();
  const read = await readBack(requests, { rpc: world.ledger.rpc[3], gateway: world.store.gateway, issuer: world.issuer });
  requests.forEach((request, i) => { request.read = read[i]; });
}

// What `script/demo --stop` needs to end it, and what a person needs to use it.
async function keep(world, requests, { json, screen }) {
  await world.daemon.start();
  fs.writeFileSync(path.join(world.folder, 'pids'), `${world.pids().join('\n')}\n`);
  if (process.env.THOLE_DEMO_KEPT) fs.appendFileSync(process.env.THOLE_DEMO_KEPT, `${world.folder}\n`);
  if (json) console.log(JSON.stringify(addresses(world, requests)));
  else {
    screen.out.write(`kept running; try\n  ${path.relative('', world.binary)} --config ${world.daemon.config} operation list\n` +
      `RPC ${world.ledger.rpc[3]}, content ${world.store.gateway}, daemon ${world.daemon.url}; script/demo --stop ends it\n`);
  }
}

function conclude(result, { json, screen }) {
  if (json) console.log(JSON.stringify(result));
  else {
    screen.out.write(`${result.verified} of ${result.requested} verified, ${result.duplicates} duplicates, ${result.lost} lost, ` +
      `${result.daemon_kills} daemon kills, ${result.failovers} failovers, ${result.seconds} s\n`);
  }
  const bad = result.duplicates + result.lost + result.unverified_completed;
  return result.requested === result.completed && result.completed === result.verified && bad === 0 ? 0 : 1;
}

async function main() {
  const wanted = options();
  const began = Date.now();
  const screen = new Screen(wanted.json ? process.stderr : process.stdout);
  const chance = random(wanted.seed);
  const world = new World({ folder: freshFolder(wanted.folder), binary: wanted.binary, chance });
  const requests = makeRequests(wanted.mints, chance);
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.once(signal, () => world.stop().then(() => process.exit(130)));
  }
  let kept = false;
  try {
    await world.start(await freePort());
    screen.say(`seed ${wanted.seed}: ledger behind 4 fronts, content node and daemon are up`);
    await badDay(world, requests, screen);
    const result = summary(requests, world, (Date.now() - began) / 1000);
    screen.out.write(`\n${report(requests)}\n\n`);
    if (wanted.keep) {
      await keep(world, requests, { json: wanted.json, screen });
      kept = true;
    }
    const code = conclude(result, { json: wanted.json, screen });
    if (!kept && code === 0) fs.rmSync(world.folder, { recursive: true, force: true });
    return code;
  } finally {
    if (kept) world.release();
    else await world.stop();
  }
}

main().then((code) => process.exit(code), (error) => {
  console.error(`demo: ${error instanceof UsageError ? error.message : error.stack}`);
  process.exit(error instanceof UsageError ? 2 : 1);
});
