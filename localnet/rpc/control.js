'use strict';
// The tests' hand on the network: faults per front, time, lamports, counters. HTTP with JSON bodies.
const http = require('node:http');
const { FaultError } = require('./faults.js');
const { HOST } = require('./front.js');
const { RpcError } = require('./error.js');
const { stringify } = require('./json.js');
const params = require('./params.js');

const MAX_BODY_BYTES = 64 * 1024;
const MAX_ADVANCE = 100_000;

class BadRequest extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

async function read_json(req) {
  let size = 0;
  const parts = [];
  for await (const part of req) {
    size += part.length;
    if (size > MAX_BODY_BYTES) throw new BadRequest(413, 'body too large');
    parts.push(part);
  }
  if (size === 0) return {};
  try {
    const body = JSON.parse(Buffer.concat(parts).toString('utf8'));
    if (typeof body === 'object' && body !== null && !Array.isArray(body)) return body;
  } catch { /* the same answer as for any other non-object */ }
  throw new BadRequest(400, 'the body has to be a JSON object');
}

function only(body, names) {
  for (const name of Object.keys(body)) if (!names.includes(name)) throw new BadRequest(400, `unknown member: ${name}`);
}

class Control {
  constructor({ ledger, fronts, advance, settings }) {
    Object.assign(this, { ledger, fronts, advance, settings });
    this.server = http.createServer((req, res) => this.#handle(req, res));
  }

  async listen(port) {
    await new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(port, HOST, resolve);
    });
    return `http://${HOST}:${this.server.address().port}`;
  }

  async close() {
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.server.closeAllConnections();
    await closed;
  }

  async #handle(req, res) {
    let status = 200;
    let out;
    try {
      out = await this.#route(req);
    } catch (e) {
      status = e instanceof BadRequest ? e.status : e instanceof FaultError || e instanceof RpcError ? 400 : 500;
      if (status === 500) console.error('control:', e);
      out = { error: e.message };
    }
    const body = stringify(out);
    res.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
    res.end(body);
  }

  async #route(req) {
    const path = req.url.split('?')[0];
    const front = path.match(/^\/fronts\/(\d+)\/(faults|clear)$/);
    const name = `${req.method} ${front ? `/fronts/*/${front[2]}` : path}`;
    const body = req.method === 'POST' ? await read_json(req) : {};
    switch (name) {
      case 'GET /state': return this.#state();
      case 'GET /counters': return this.#counters();
      case 'POST /fronts/*/faults': return this.#front(front[1], (f) => f.set_faults(body));
      case 'POST /fronts/*/clear': return this.#front(front[1], (f) => f.clear_faults());
      case 'POST /clear': return this.#clear(body);
      case 'POST /advance': return this.#advance(body);
      case 'POST /airdrop': return this.#airdrop(body);
      default: throw new BadRequest(404, 'no such thing');
    }
  }

  #state() {
    const { slot, height, hash } = this.ledger.blocks.current;
    return { pid: process.pid, slot, block_height: height, blockhash: hash, ...this.settings, fronts: this.fronts.map((f) => f.json()) };
  }

  #counters() {
    return {
      ledger: this.ledger.counters,
      fronts: this.fronts.map((f) => ({ index: f.index, requests: f.counters.requests, http: f.counters.http, fired: f.faults.fired })),
    };
  }

  async #front(index, change) {
    const front = this.fronts[Number(index)];
    if (!front) throw new BadRequest(404, `there is no front ${index}`);
    await change(front);
    return front.json();
  }

  async #clear(body) {
    only(body, []);
    for (const f of this.fronts) await f.clear_faults();
    return this.#state();
  }

  #advance(body) {
    only(body, ['slots', 'skipped']);
    const { slots = 1, skipped = false } = body;
    if (!Number.isInteger(slots) || slots < 1 || slots > MAX_ADVANCE) throw new BadRequest(400, `slots: 1 to ${MAX_ADVANCE}`);
    if (typeof skipped !== 'boolean') throw new BadRequest(400, 'skipped: true or false');
    if (skipped) this.advance(slots - 1);
    else for (let i = 0; i < slots; i++) this.advance(0);
    const { slot, height } = this.ledger.blocks.current;
    return { slot, block_height: height };
  }

  #airdrop(body) {
    only(body, ['to', 'lamports']);
    const to = params.base58(body.to, 32);
    const { signature, slot, ok } = this.ledger.airdrop(to, BigInt(params.unsigned(body.lamports, 'lamports')));
    if (!ok) throw new BadRequest(409, 'the runtime refused the airdrop');
    return { signature, slot };
  }
}

module.exports = { Control };
