#!/usr/bin/env node
'use strict';
// An IPFS node (js-ipfs, offline) with Kubo's RPC interface and a gateway, for tests.
//   start.js --repo DIR [--api-port 0] [--gateway-port 0] [--exit-with-stdin]
// When ready, prints one JSON line: {"api":…,"gateway":…,"repo":…,"pid":…}. Ends on SIGTERM.
const fs = require('node:fs');
const path = require('node:path');
const { parseArgs } = require('node:util');

const HOST = '127.0.0.1';
const PID_FILE = 'localnet.pid';

class UsageError extends Error {}

function read_options() {
  const text = { type: 'string' };
  let values;
  try {
    ({ values } = parseArgs({ options: { 'repo': text, 'api-port': text, 'gateway-port': text, 'exit-with-stdin': { type: 'boolean' } } }));
  } catch (e) {
    throw new UsageError(e.message);
  }
  const port = (name) => {
    const v = values[name] ?? '0';
    if (!/^\d{1,5}$/.test(v) || Number(v) > 65535) throw new UsageError(`--${name}: a port`);
    return Number(v);
  };
  if (!values.repo) throw new UsageError('usage: start.js --repo DIR [--api-port P] [--gateway-port P] [--exit-with-stdin]');
  return { repo: path.resolve(values.repo), api_port: port('api-port'), gateway_port: port('gateway-port'), exit_with_stdin: values['exit-with-stdin'] };
}

function is_alive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (e) {
    return e.code === 'EPERM';
  }
}

// A node that was killed leaves its locks, and the next start refuses them for good. They are removed
// only when the process that wrote the pid file is gone.
function take_over(repo) {
  fs.mkdirSync(repo, { recursive: true });
  const file = path.join(repo, PID_FILE);
  const pid = fs.existsSync(file) ? Number(fs.readFileSync(file, 'utf8')) : 0;
  if (pid > 0 && pid !== process.pid && is_alive(pid)) throw new Error(`the repository is in use by process ${pid}`);
  for (const name of ['repo.lock', 'api']) fs.rmSync(path.join(repo, name), { recursive: true, force: true });
  fs.writeFileSync(file, `${process.pid}\n`);
}

const config = (api, gateway) => ({
  Addresses: { Swarm: [], Announce: [], NoAnnounce: [], Delegates: [], RPC: null, API: `/ip4/${HOST}/tcp/${api}`, Gateway: `/ip4/${HOST}/tcp/${gateway}` },
  Bootstrap: [],
  Discovery: { MDNS: { Enabled: false }, webRTCStar: { Enabled: false } },
  Routing: { Type: 'none' },
  Pubsub: { Enabled: false },
});

async function start({ repo, api_port, gateway_port }) {
  take_over(repo);
  const { create } = await import('ipfs-core');
  const { HttpApi } = await import('ipfs-http-server');
  const { HttpGateway } = await import('ipfs-http-gateway');
  const ipfs = await create({
    repo, silent: true, offline: true, preload: { enabled: false },
    init: { algorithm: 'Ed25519', emptyRepo: true }, config: config(api_port, gateway_port),
  });
  // The repository keeps the configuration of its first start; ports may be others now.
  await ipfs.config.replace({ ...(await ipfs.config.getAll()), ...config(api_port, gateway_port) });
  const api = new HttpApi(ipfs);
  const gateway = new HttpGateway(ipfs);
  await api.start();
  await gateway.start();
  return {
    api: `http://${HOST}:${api._apiServers[0].info.port}`,
    gateway: `http://${HOST}:${gateway._gatewayServers[0].info.port}`,
    async stop() {
      await Promise.all([api.stop(), gateway.stop(), ipfs.stop()]);
      fs.rmSync(path.join(repo, PID_FILE), { force: true });
    },
  };
}

async function main() {
  const options = read_options();
  const node = await start(options);
  let ending = false;
  const end = async () => {
    if (ending) return;
    ending = true;
    // Open requests for content that nobody holds never finish by themselves.
    setTimeout(() => process.exit(0), 3000).unref();
    await node.stop().catch((e) => console.error(e.message));
    process.exit(0);
  };
  process.on('SIGTERM', end);
  process.on('SIGINT', end);
  if (options.exit_with_stdin) {
    for (const event of ['end', 'close', 'error']) process.stdin.on(event, end);
    process.stdin.resume();
  }
  process.stdout.write(JSON.stringify({ api: node.api, gateway: node.gateway, repo: options.repo, pid: process.pid }) + '\n');
}

main().catch((e) => {
  console.error(e.message);
  process.exit(e instanceof UsageError ? 2 : 1);
});
