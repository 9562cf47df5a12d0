'use strict';
// Accounts as of any slot. The runtime only knows the newest state, so every account that a
// transaction may write is kept here in versions: one per slot in which it changed, the first being
// what it was before it was ever touched. What was never touched is the same at every slot.
const bs58 = require('bs58').default;

const TRIM_FROM = 64;

class Accounts {
  // `keep_slots`: how far back a reader may look; older versions are dropped.
  constructor(svm, keep_slots) {
    this.svm = svm;
    this.keep_slots = keep_slots;
    this.versions = new Map();
    this.ever_owned = new Map();
    this.genesis_owned = new Map();
  }

  newest(key) {
    const a = this.svm.getAccount(bs58.decode(key));
    if (!a || a.lamports() === 0n) return null;
    return { lamports: a.lamports(), data: Buffer.from(a.data()), owner: bs58.encode(a.owner()), executable: a.executable() };
  }

  // Call before a transaction that may write `key`; gives its state.
  before_write(key) {
    const account = this.newest(key);
    if (!this.versions.has(key)) {
      this.versions.set(key, [{ slot: 0, account }]);
      this.#note_owner(key, account);
    }
    return account;
  }

  // Call after it; gives the new state.
  after_write(key, slot) {
    const account = this.newest(key);
    const list = this.versions.get(key);
    if (list.at(-1).slot === slot) list.pop();
    list.push({ slot, account });
    if (list.length > TRIM_FROM) this.#trim(list, slot - this.keep_slots);
    this.#note_owner(key, account);
    return account;
  }

  at(key, slot) {
    const list = this.versions.get(key);
    if (!list) return this.newest(key);
    let low = 0;
    let high = list.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (list[middle].slot <= slot) low = middle;
      else high = middle - 1;
    }
    return list[low].slot <= slot ? list[low].account : null;
  }

  // [key, account] of everything `program` owned at `slot`.
  owned_by(program, slot) {
    const out = [];
    for (const key of this.#untouched(program)) if (!this.versions.has(key)) out.push([key, this.newest(key)]);
    for (const key of this.ever_owned.get(program) ?? []) {
      const account = this.at(key, slot);
      if (account && account.owner === program) out.push([key, account]);
    }
    return out;
  }

  // Keys that the program owned without any transaction; only shrinks, so looked for once.
  #untouched(program) {
    if (!this.genesis_owned.has(program)) {
      const keys = this.svm.getProgramAccounts(bs58.decode(program)).map((a) => bs58.encode(a.address));
      this.genesis_owned.set(program, keys.filter((k) => !this.versions.has(k)));
    }
    return this.genesis_owned.get(program);
  }

  #note_owner(key, account) {
    if (!account) return;
    if (!this.ever_owned.has(account.owner)) this.ever_owned.set(account.owner, new Set());
    this.ever_owned.get(account.owner).add(key);
  }

  // Keeps the newest version at or before `oldest`, since that is what a reader there sees.
  #trim(list, oldest) {
    let first = 0;
    while (first + 1 < list.length && list[first + 1].slot <= oldest) first++;
    list.splice(0, first);
  }
}

module.exports = { Accounts };
