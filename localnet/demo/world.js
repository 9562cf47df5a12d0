// Everything that runs on this machine for the demo: ledger and fronts, content node, daemon.
'use strict';
const fs = require('node:fs');
const path = require('node:path');
const { Keypair } = require('@solana/web3.js');
const { ready, start, stop } = require('./child.js');
const { Daemon } = require('./daemon.js');

const LOCALNET = path.join(__dirname, '..');
const WALLET_LAMPORTS = 50_000_000_000;

async function post(url, body) {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${url}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}

class World {
  // ledger: further options of localnet.js; extra: further lines of configuration; websockets: the
  // first node notifies.
  constructor({ folder, binary, chance, ledger = [], extra = '', lamports = WALLET_LAMPORTS, websockets = false }) {
    Object.assign(this, { folder, binary, chance, ledgerOptions: ledger, extra, lamports, websockets });
    this.logs = `${folder}/log`;
    fs.mkdirSync(this.logs, { recursive: true });
  }

  async start(port) {
    const node = process.execPath;
    this.ledgerChild = start('localnet', node,
      [`${LOCALNET}/bin/localnet.js`, '--fronts', '4', ...this.ledgerOptions], { logs: this.logs });
    this.contentChild = start('content', node, [`${LOCALNET}/content/node.js`, '--folder', `${this.folder}/content`],
      { logs: this.logs });
    [this.ledger, this.store] = await Promise.all([
      ready('localnet', this.ledgerChild),
      ready('content node', this.contentChild),
    ]);
    const wallet = Keypair.fromSeed(this.chance.bytes(32));
    this.issuer = wallet.publicKey.toBase58();
    const keyFile = `${this.folder}/wallet.json`;
    fs.writeFileSync(keyFile, JSON.stringify([...wallet.secretKey]), { mode: 0o600 });
    await this.airdrop(this.lamports);
    this.daemon = new Daemon({ binary: this.binary, folder: this.folder, logs: this.logs, port });
    this.daemon.configure(this.configuration(keyFile, port));
    await this.daemon.start();
  }

  configuration(keyFile, port) {
    const [primary, backup, community] = this.ledger.rpc;
    const websocket = this.websockets ? `websocket = "${this.ledger.ws[0]}"\n` : '';
    const endpoint = (name, url, provider, tier) =>
      `[[dependency.solana.endpoint]]\nname = "${name}"\nurl = "${url}"\nprovider = "${provider}"\ntier = ${tier}\n`;
    return [
      `[server]\nlisten = "127.0.0.1:${port}"\nsocket = "${this.folder}/thole.sock"\n`,
      `[data]\nfolder = "${this.folder}/data"\n`,
      `[wallet]\nkey = "file:${keyFile}"\n`,
      endpoint('primary', primary, 'north', 0) + websocket,
      endpoint('backup', backup, 'south', 1),
      endpoint('public', community, 'west', 2),
      `[[dependency.ipfs.provider]]\nname = "own"\nkind = "store"\n`,
      `[[dependency.ipfs.provider]]\nname = "second"\nkind = "kubo"\nurl = "${this.store.api}"\n`,
      `[[dependency.gateway.endpoint]]\nname = "second"\nurl = "${this.store.gateway}"\nprovider = "second"\n`,
      this.extra,
    ].join('\n');
  }

  airdrop(lamports, to = this.issuer) {
    return post(`${this.ledger.control}/airdrop`, { to, lamports });
  }

  front(index, faults) {
    return post(`${this.ledger.control}/fronts/${index}/faults`, faults);
  }

  content(faults) {
    return post(`${this.store.control}/faults`, faults);
  }

  async kill() {
    await this.daemon.kill();
    await this.daemon.start();
  }

  async calm() {
    await post(`${this.ledger.control}/clear`, {});
    await post(`${this.store.control}/clear`, {});
  }

  pids() {
    return [this.daemon.child.pid, this.contentChild.pid, this.ledgerChild.pid];
  }

  async stop() {
    await this.daemon?.stop();
    await Promise.all([stop(this.contentChild), stop(this.ledgerChild)]);
  }

  // Lets this process end while the world runs on.
  release() {
    for (const child of [this.daemon.child, this.contentChild, this.ledgerChild]) {
      child.unref();
      child.stdout?.unref?.();
      child.stdout?.destroy?.();
    }
  }
}

module.exports = { World };
