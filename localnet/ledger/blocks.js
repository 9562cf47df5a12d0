'use strict';
// Slots, blocks and blockhashes. A slot may be skipped: then it has no block, and block height, by
// which a blockhash grows old, does not move.
const crypto = require('node:crypto');
const bs58 = require('bs58').default;

class Blocks {
  // `age`: a blockhash is good while the height is at most its own + age.
  constructor({ first_slot, first_height, age }) {
    this.first_slot = first_slot;
    this.age = age;
    this.queue_depth = Math.max(301, 2 * age + 1);
    this.by_slot = [];
    this.by_hash = new Map();
    this.#append(first_slot, first_height);
  }

  get current() {
    return this.by_slot[this.by_slot.length - 1];
  }

  // `skipped` slots without a block, then one with.
  advance(skipped = 0) {
    const last = this.current;
    for (let i = 0; i < skipped; i++) this.by_slot.push(last);
    this.#append(this.first_slot + this.by_slot.length, last.height + 1);
  }

  // The newest block at or before `slot`.
  at(slot) {
    return this.by_slot[Math.max(0, Math.min(slot - this.first_slot, this.by_slot.length - 1))];
  }

  // Whether a node whose newest block is `view` accepts `hash`.
  is_valid(hash, view) {
    const block = this.by_hash.get(hash);
    return block !== undefined && block.slot <= view.slot && view.height - block.height <= this.age;
  }

  // Hashes are random: LiteSVM's own chain is the same at every start, and a transaction signed for
  // one run would be good in the next.
  #append(slot, height) {
    const block = { slot, height, hash: bs58.encode(crypto.randomBytes(32)), time: Math.floor(Date.now() / 1000), prices: [] };
    this.by_slot.push(block);
    this.by_hash.set(block.hash, block);
    if (this.by_hash.size > this.queue_depth) this.by_hash.delete(this.by_hash.keys().next().value);
  }
}

module.exports = { Blocks };
