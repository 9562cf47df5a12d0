'use strict';
// The websocket of a front, on its own port: signatureSubscribe and slotSubscribe. Nothing here is
// more than a hint, as with a real node: a connection that breaks loses its subscriptions.
const { WebSocketServer } = require('ws');
const { RpcError } = require('./error.js');
const { stringify } = require('./json.js');
const params = require('./params.js');

const RANK = { processed: 0, confirmed: 1, finalized: 2 };
const METHODS = ['signatureSubscribe', 'signatureUnsubscribe', 'slotSubscribe', 'slotUnsubscribe'];

class Subscriptions {
  constructor(front) {
    this.front = front;
    this.acceptor = new WebSocketServer({ noServer: true, maxPayload: 64 * 1024 });
    this.next_id = 1;
    this.signatures = new Map();
    this.slots = new Map();
    this.last_slot = 0;
  }

  upgrade(req, socket, head) {
    this.acceptor.handleUpgrade(req, socket, head, (ws) => {
      ws.on('message', (data) => this.#message(ws, data.toString()));
      ws.on('error', () => ws.terminate());
      ws.on('close', () => {
        for (const map of [this.signatures, this.slots]) {
          for (const [id, s] of map) if (s.ws === ws) map.delete(id);
        }
      });
    });
  }

  // Called for every slot and every change of the front's lag.
  slot_passed() {
    const { front } = this;
    if (front.faults.hang) return;
    for (const [id, s] of this.signatures) this.#signature_check(id, s);
    const { slot } = front.ledger.view('processed', front.faults.lag);
    const newer = slot > this.last_slot;
    this.last_slot = slot; // goes back when the front is told to lag
    if (!newer) return;
    const root = front.ledger.view('finalized', front.faults.lag).slot;
    const parent = front.ledger.blocks.at(slot - 1).slot;
    for (const [id, s] of this.slots) this.#notify(s.ws, 'slotNotification', id, { slot, parent, root });
  }

  #signature_check(id, s) {
    const { front } = this;
    const record = front.transaction(s.signature);
    if (!record) return;
    const context = { slot: front.ledger.view('processed', front.faults.lag).slot };
    if (s.received) {
      s.received = false;
      this.#notify(s.ws, 'signatureNotification', id, { context, value: 'receivedSignature' });
    }
    if (RANK[front.ledger.commitment_of(record, front.faults.lag)] < RANK[s.commitment]) return;
    this.signatures.delete(id);
    this.#notify(s.ws, 'signatureNotification', id, { context, value: { err: record.err } });
  }

  #notify(ws, method, subscription, result) {
    ws.send(stringify({ jsonrpc: '2.0', method, params: { result, subscription } }));
  }

  #message(ws, text) {
    if (this.front.faults.hang) return;
    let q;
    try {
      q = JSON.parse(text);
    } catch {
      ws.send(stringify({ jsonrpc: '2.0', error: new RpcError(-32700, 'Parse error').json(), id: null }));
      return;
    }
    let reply;
    try {
      reply = { result: this.#call(ws, q.method, q.params ?? []) };
    } catch (e) {
      if (!(e instanceof RpcError)) throw e;
      reply = { error: e.json() };
    }
    ws.send(stringify({ jsonrpc: '2.0', ...reply, id: q.id ?? null }));
    this.slot_passed();
  }

  #call(ws, method, [first, given]) {
    this.front.count_request(METHODS.includes(method) ? method : 'unknown');
    const id = this.next_id;
    switch (method) {
      case 'signatureSubscribe': {
        const cfg = params.config(given);
        const commitment = params.commitment(cfg.commitment);
        this.signatures.set(id, { ws, signature: params.signature(first), commitment, received: Boolean(cfg.enableReceivedNotification) });
        return this.next_id++;
      }
      case 'slotSubscribe':
        this.slots.set(id, { ws });
        return this.next_id++;
      case 'signatureUnsubscribe':
      case 'slotUnsubscribe': {
        const map = method === 'slotUnsubscribe' ? this.slots : this.signatures;
        if (!map.delete(first)) throw new RpcError(-32602, 'Invalid subscription id.');
        return true;
      }
      default: throw new RpcError(-32601, 'Method not found');
    }
  }
}

module.exports = { Subscriptions };
