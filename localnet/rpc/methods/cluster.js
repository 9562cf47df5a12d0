'use strict';
// Health, slots, blocks, blockhashes and fees. Every method takes the front and its parameters.
const { RpcError, invalid } = require('../error.js');
const params = require('../params.js');
const wire = require('../../ledger/wire.js');

const SLOTS_IN_EPOCH = 432000;
const FEE_HISTORY_SLOTS = 150;
const GENESIS_HASH = '5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpKuc147dw2N9d';

function read_message(text) {
  if (typeof text !== 'string') throw invalid('Invalid params: invalid type: expected a string.');
  try {
    return wire.parse_message(Buffer.from(text, 'base64'));
  } catch (e) {
    if (!(e instanceof wire.WireError)) throw e;
    throw invalid(`failed to deserialize solana_message::versioned::VersionedMessage: ${e.message}`);
  }
}

module.exports = {
  getHealth(front) {
    front.must_be_healthy();
    return 'ok';
  },
  getVersion: () => ({ 'solana-core': '4.0.0', 'feature-set': 0 }),
  getGenesisHash: () => GENESIS_HASH,
  getSlot: (front, [cfg]) => front.view(cfg).slot,
  getBlockHeight: (front, [cfg]) => front.view(cfg).height,
  // What has arrived from the network, lagging or not: a node that falls behind shows it here.
  getMaxShredInsertSlot: (front) => front.ledger.blocks.current.slot,
  getFirstAvailableBlock: (front) => front.first_available_slot(),
  minimumLedgerSlot: (front) => front.first_available_slot(),

  getEpochInfo(front, [cfg]) {
    const { slot, height } = front.view(cfg);
    const { landed, failed, airdrops } = front.ledger.counters;
    return {
      absoluteSlot: slot, blockHeight: height, epoch: Math.floor(slot / SLOTS_IN_EPOCH),
      slotIndex: slot % SLOTS_IN_EPOCH, slotsInEpoch: SLOTS_IN_EPOCH, transactionCount: landed + failed + airdrops,
    };
  },

  getLatestBlockhash(front, [cfg]) {
    const view = front.view(cfg);
    return front.answer(view, { blockhash: view.hash, lastValidBlockHeight: front.ledger.last_valid_height(view) });
  },

  isBlockhashValid(front, [hash, cfg]) {
    params.pubkey(hash);
    const view = front.view(cfg);
    return front.answer(view, front.ledger.blocks.is_valid(hash, view));
  },

  getFeeForMessage(front, [text, cfg]) {
    const message = read_message(text);
    const view = front.view(cfg);
    const known = front.ledger.blocks.is_valid(message.blockhash, view);
    return front.answer(view, known ? wire.fee_of(message) : null);
  },

  // Per slot: the lowest price that landed, or the lowest that wrote one of the accounts if higher.
  getRecentPrioritizationFees(front, [accounts]) {
    const keys = accounts === undefined || accounts === null ? [] : params.pubkeys(accounts, 128);
    const last = front.ledger.view('processed', front.faults.lag).slot;
    const out = [];
    for (let slot = last - FEE_HISTORY_SLOTS + 1; slot <= last; slot++) {
      const block = front.ledger.blocks.at(slot);
      if (block.slot !== slot) continue;
      const lowest = (list) => list.reduce((a, p) => (a === null || p.price < a ? p.price : a), null) ?? 0n;
      const fees = [lowest(block.prices), ...keys.map((k) => lowest(block.prices.filter((p) => p.writes.includes(k))))];
      out.push({ slot, prioritizationFee: fees.reduce((a, b) => (a > b ? a : b)) });
    }
    return out;
  },

  requestAirdrop(front, [to, lamports]) {
    const key = params.base58(to, 32);
    params.unsigned(lamports, 'lamports');
    const { signature, ok } = front.ledger.airdrop(key, BigInt(lamports));
    if (!ok) throw new RpcError(-32603, 'Internal error');
    return signature;
  },
};
