'use strict';
// One RPC provider: its own port, its own lag and faults, the common ledger.
const http = require('node:http');
const { RpcError, unhealthy } = require('./error.js');
const { Faults } = require('./faults.js');
const { Subscriptions } = require('./subscriptions.js');
const { stringify } = require('./json.js');
const handle = require('./handle.js');
const params = require('./params.js');

const API_VERSION = '4.0.0';
const HOST = '127.0.0.1';
// Long, so that a client's pooled connection is not closed under it for no reason.
const KEEP_ALIVE_MS = 60_000;

class Front {
  constructor({ index, ledger, port, unhealthy_slots }) {
    this.index = index;
    this.ledger = ledger;
    this.port = port;
    this.unhealthy_slots = unhealthy_slots;
    this.faults = new Faults();
    this.counters = { requests: {}, http: { requests: 0, refused: 0 } };
    this.sockets = new Set();
    this.held = new Set();
    this.subscriptions = new Subscriptions(this);
    this.server = null;
  }

  get url() {
    return `http://${HOST}:${this.port}`;
  }
  get ws_url() {
    return `ws://${HOST}:${this.port}`;
  }

  count_request(method) {
    this.counters.requests[method] = (this.counters.requests[method] ?? 0) + 1;
  }

  // --- what the methods ask a front for ---

  // The newest block for this commitment; errors if the caller has seen a newer one.
  view(given) {
    const cfg = params.config(given);
    const block = this.ledger.view(params.commitment(cfg.commitment), this.faults.lag);
    const least = cfg.minContextSlot;
    if (least !== undefined && least !== null && block.slot < params.unsigned(least, 'minContextSlot')) {
      throw new RpcError(-32016, 'Minimum context slot has not been reached', { contextSlot: block.slot });
    }
    return block;
  }

  answer(view, value) {
    return { context: { apiVersion: API_VERSION, slot: view.slot }, value };
  }

  must_be_healthy() {
    if (this.faults.rpc_unhealthy) {
      this.faults.fired.rpc_unhealthy++;
      throw unhealthy(null);
    }
    if (this.faults.lag >= this.unhealthy_slots) throw unhealthy(this.faults.lag);
  }

  must_have_history() {
    if (this.faults.lose_history !== 'disabled') return;
    this.faults.fired.lose_history++;
    throw new RpcError(-32011, 'Transaction history is not available from this node');
  }

  first_available_slot() {
    return Math.max(this.ledger.blocks.first_slot, this.faults.history_from);
  }

  // A landed transaction, if this front has seen it and not lost it.
  transaction(signature) {
    const record = this.ledger.transactions.get(signature);
    if (!record || this.ledger.commitment_of(record, this.faults.lag) === null) return null;
    if (record.slot < this.faults.history_from) {
      this.faults.fired.lose_history++;
      return null;
    }
    return record;
  }

  // --- the port ---

  async listen() {
    const server = http.createServer((req, res) => handle(this, req, res));
    server.keepAliveTimeout = KEEP_ALIVE_MS;
    server.on('connection', (socket) => {
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket));
    });
    server.on('upgrade', (req, socket, head) => this.subscriptions.upgrade(req, socket, head));
    await new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.port, HOST, resolve);
    });
    this.port = server.address().port;
    this.server = server;
  }

  // Closes the port and resets every open connection.
  async shut() {
    const { server } = this;
    if (!server) return;
    this.server = null;
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of this.sockets) socket.resetAndDestroy();
    this.held.clear();
    await closed;
  }

  async set_faults(changes) {
    this.faults.set(changes, this.ledger.blocks.current.slot);
    await this.#apply();
  }

  async clear_faults() {
    this.faults.clear();
    await this.#apply();
  }

  async #apply() {
    if (!this.faults.hang) {
      for (const socket of this.held) socket.destroy();
      this.held.clear();
    }
    if (this.faults.refuse && this.server) {
      this.faults.fired.refuse++;
      await this.shut();
    } else if (!this.faults.refuse && !this.server) {
      await this.listen();
    }
    this.subscriptions.slot_passed();
  }

  json() {
    const slots = ['processed', 'confirmed', 'finalized'].map((c) => [c, this.ledger.view(c, this.faults.lag).slot]);
    return {
      index: this.index, url: this.url, ws: this.ws_url, listening: this.server !== null,
      slots: Object.fromEntries(slots), faults: this.faults.json(),
    };
  }

  send(res, status, value, headers = {}) {
    const body = typeof value === 'string' ? value : stringify(value);
    const type = typeof value === 'string' ? 'text/plain; charset=utf-8' : 'application/json; charset=utf-8';
    res.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body), ...headers });
    res.end(body);
  }
}

module.exports = { Front, HOST };
