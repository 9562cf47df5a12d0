'use strict';
// One ledger that all fronts look at: the Solana runtime (LiteSVM) with everything around it that a
// cluster has and a bare runtime has not - slots, blockhashes that expire, transactions with a status
// that grows from processed to finalized, and state as of an earlier slot.
//
//   const ledger = new Ledger({ blockhash_age: 150, confirm_slots: 1, final_slots: 32 });
//   ledger.tick();                                   // one slot passes
//   ledger.submit(parse_transaction(bytes));         // what a leader would do with it
//   ledger.accounts.at(key, ledger.view('finalized', 0).slot);
//
// Not modelled: forks (nothing processed is ever rolled back), leaders, votes, block limits.
const bs58 = require('bs58').default;
const litesvm = require('litesvm/dist/internal');
const { Accounts } = require('./accounts.js');
const { Blocks } = require('./blocks.js');
const { Faucet } = require('./faucet.js');
const { error_json } = require('./errors.js');
const { token_balances } = require('./token.js');
const wire = require('./wire.js');

const FIRST_SLOT = 1000;
const FIRST_HEIGHT = 800; // differs from the slot on purpose: they are never interchangeable
const MAX_LAG = 10000;
const COMMITMENTS = ['processed', 'confirmed', 'finalized'];

function new_svm(programs) {
  const svm = new litesvm.LiteSvm();
  // LiteSVM accepts only its single latest blockhash and forgets old signatures after some 30
  // transactions: both checks are made here instead.
  svm.setBlockhashCheck(false);
  svm.setTransactionHistory(0n);
  svm.setLogBytesLimit(10000n);
  svm.withNativeMints();
  for (const { id, file } of programs) svm.addProgramFromFile(bs58.decode(id), file);
  return svm;
}

class Ledger {
  constructor({ blockhash_age = 150, confirm_slots = 1, final_slots = 32, programs = [] } = {}) {
    this.confirm_slots = confirm_slots;
    this.final_slots = final_slots;
    this.svm = new_svm(programs);
    this.faucet = new Faucet(this.svm);
    this.blocks = new Blocks({ first_slot: FIRST_SLOT, first_height: FIRST_HEIGHT, age: blockhash_age });
    this.accounts = new Accounts(this.svm, final_slots + MAX_LAG);
    this.transactions = new Map();
    this.status_cache_slots = Math.max(300, 2 * blockhash_age);
    this.counters = { landed: 0, failed: 0, airdrops: 0, duplicates: 0, expired: 0, refused: 0 };
    this.#set_clock();
  }

  tick(skipped = 0) {
    this.blocks.advance(skipped);
    this.#set_clock();
  }

  // The newest block that a node `lag` slots behind shows at this commitment.
  view(commitment, lag) {
    const depth = { processed: 0, confirmed: this.confirm_slots, finalized: this.final_slots }[commitment];
    return this.blocks.at(this.blocks.current.slot - lag - depth);
  }

  last_valid_height(block) {
    return block.height + this.blocks.age;
  }

  // The commitment that a landed transaction has for a node `lag` slots behind, or null.
  commitment_of(record, lag) {
    const depth = this.blocks.current.slot - lag - record.slot;
    if (depth < 0) return null;
    return depth >= this.final_slots ? 'finalized' : depth >= this.confirm_slots ? 'confirmed' : 'processed';
  }

  // Runs a transaction on the newest state without keeping anything. The caller judges the blockhash
  // and the signatures.
  simulate(tx) {
    this.svm.setSigverify(false);
    try {
      const r = this.svm.simulateVersionedTransaction(tx.raw);
      const failed = r instanceof litesvm.FailedTransactionMetadata;
      const post = failed ? [] : r.postAccounts().map((a) => [bs58.encode(a.address), a.account()]);
      return { err: failed ? this.#error(r.err(), tx.message) : null, meta: meta_of(r.meta()), post: new Map(post) };
    } finally {
      this.svm.setSigverify(true);
    }
  }

  // What the leader of the current slot does with a transaction. Everything but "landed" and "failed"
  // leaves no trace, as on a cluster.
  submit(tx, { airdrop = false } = {}) {
    if (this.transactions.has(tx.signature)) return this.#end('duplicates');
    const block = this.blocks.current;
    if (!this.blocks.is_valid(tx.message.blockhash, block)) return this.#end('expired');
    const keys = wire.resolve_keys(tx.message, (k) => this.accounts.newest(k));
    if (!keys) return this.#end('refused');

    const state_before = (k) => (k.writable ? this.accounts.before_write(k.key) : this.accounts.newest(k.key));
    const pre = keys.map(state_before);
    const result = this.svm.sendVersionedTransaction(tx.raw);
    const failed = result instanceof litesvm.FailedTransactionMetadata;
    // No fee taken: the transaction did not make it into the block at all.
    if (failed && lamports(this.accounts.newest(keys[0].key)) === lamports(pre[0])) return this.#end('refused');
    const post = keys.map((k, i) => (k.writable ? this.accounts.after_write(k.key, block.slot) : pre[i]));

    this.transactions.set(tx.signature, {
      tx, slot: block.slot, height: block.height, time: block.time,
      err: failed ? this.#error(result.err(), tx.message) : null,
      fee: wire.fee_of(tx.message),
      keys, meta: meta_of(failed ? result.meta() : result),
      pre_balances: pre.map(lamports), post_balances: post.map(lamports),
      pre_tokens: this.#tokens(keys, pre), post_tokens: this.#tokens(keys, post),
    });
    const writes = keys.filter((k) => k.writable).map((k) => k.key);
    block.prices.push({ price: wire.compute_budget(tx.message).price, writes });
    return this.#end(failed ? 'failed' : airdrop ? 'airdrops' : 'landed');
  }

  airdrop(to, amount) {
    const tx = this.faucet.transfer(Buffer.from(to), amount, this.blocks.current.hash);
    const outcome = this.submit(tx, { airdrop: true });
    return { signature: tx.signature, slot: this.blocks.current.slot, ok: outcome === 'airdrops' };
  }

  #end(outcome) {
    this.counters[outcome]++;
    return outcome;
  }

  #tokens(keys, states) {
    return token_balances(keys.map((k) => k.key), states, (k) => this.accounts.newest(k));
  }

  // LiteSVM says InvalidProgramForExecution for a program that is not there at all; a node says
  // ProgramAccountNotFound.
  #error(e, message) {
    const err = error_json(e);
    if (err !== 'InvalidProgramForExecution') return err;
    const missing = message.instructions.some((ix) => !this.accounts.newest(message.keys[ix.program]));
    return missing ? 'ProgramAccountNotFound' : err;
  }

  #set_clock() {
    const { slot, time } = this.blocks.current;
    this.svm.warpToSlot(BigInt(slot));
    const clock = this.svm.getClock();
    clock.unixTimestamp = BigInt(time);
    this.svm.setClock(clock);
  }
}

const lamports = (account) => (account ? account.lamports : 0n);

// The runtime's own record of an execution, as plain values.
function meta_of(meta) {
  const returned = meta.returnData();
  const data = Buffer.from(returned.data());
  const inner = meta.innerInstructions().map((list, index) => ({
    index,
    instructions: list.map((x) => {
      const i = x.instruction();
      return { programIdIndex: i.programIdIndex(), accounts: [...i.accounts()], data: bs58.encode(i.data()), stackHeight: x.stackHeight() };
    }),
  }));
  return {
    logs: meta.logs(),
    units: Number(meta.computeUnitsConsumed()),
    return_data: data.length ? { programId: bs58.encode(returned.programId()), data: [data.toString('base64'), 'base64'] } : null,
    inner: inner.filter((x) => x.instructions.length),
  };
}

module.exports = { Ledger, COMMITMENTS, FIRST_SLOT, MAX_LAG };
