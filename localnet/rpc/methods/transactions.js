'use strict';
// Sending, simulating and looking up transactions.
const bs58 = require('bs58').default;
const { error_text } = require('../../ledger/errors.js');
const { encode_account } = require('../encode.js');
const { AnswerLost, RpcError, invalid } = require('../error.js');
const params = require('../params.js');
const { signatures_hold } = require('../../ledger/wire.js');

const MAX_STATUSES = 256;

const simulated = (err, meta) => ({
  err,
  logs: meta?.logs ?? [],
  accounts: null,
  unitsConsumed: meta?.units ?? 0,
  returnData: meta?.return_data ?? null,
  innerInstructions: null,
  replacementBlockhash: null,
});

const refused = (outcome) => new RpcError(-32002, `Transaction simulation failed: ${error_text(outcome.err)}`, outcome);
const bad_signature = () => new RpcError(-32003, 'Transaction signature verification failure');

// The blockhash is judged by the node's own view, the rest on the newest state. A transaction that
// has landed beyond this view passes: the node cannot know yet.
function preflight(front, tx, cfg) {
  const view = front.view({ commitment: cfg.preflightCommitment, minContextSlot: cfg.minContextSlot });
  if (!signatures_hold(tx)) throw bad_signature();
  front.must_be_healthy();
  const seen = front.ledger.transactions.get(tx.signature);
  if (seen && seen.slot <= view.slot) throw refused(simulated('AlreadyProcessed'));
  if (!front.ledger.blocks.is_valid(tx.message.blockhash, view)) throw refused(simulated('BlockhashNotFound'));
  if (seen) return;
  const { err, meta } = front.ledger.simulate(tx);
  if (err) throw refused(simulated(err, meta));
}

function status(front, record, now) {
  const commitment = front.ledger.commitment_of(record, front.faults.lag);
  return {
    slot: record.slot,
    confirmations: commitment === 'finalized' ? null : now - record.slot,
    err: record.err,
    status: record.err ? { Err: record.err } : { Ok: null },
    confirmationStatus: commitment,
  };
}

function simulated_accounts(front, wanted, post, view) {
  const { addresses, encoding = 'base64' } = params.config(wanted);
  params.pubkeys(addresses, 100);
  return addresses.map((key) => {
    const a = post.get(key);
    if (!a) return encode_account(front.ledger.accounts.at(key, view.slot), { encoding });
    return encode_account({ lamports: a.lamports(), data: Buffer.from(a.data()), owner: bs58.encode(a.owner()), executable: a.executable() }, { encoding });
  });
}

function transaction_json(record, encoding) {
  const { raw, signatures, message: m } = record.tx;
  if (encoding === 'base64') return [raw.toString('base64'), 'base64'];
  if (encoding === 'base58') return [bs58.encode(raw), 'base58'];
  if (encoding !== 'json') throw invalid(`unsupported encoding: ${encoding}. Supported encodings: json, base58, base64`);
  const indexes = (list) => list.map((l) => ({ accountKey: l.table, writableIndexes: l.writable, readonlyIndexes: l.readonly }));
  return {
    signatures,
    message: {
      header: {
        numRequiredSignatures: m.header.required,
        numReadonlySignedAccounts: m.header.readonly_signed,
        numReadonlyUnsignedAccounts: m.header.readonly_unsigned,
      },
      accountKeys: m.keys,
      recentBlockhash: m.blockhash,
      instructions: m.instructions.map((ix) => ({ programIdIndex: ix.program, accounts: ix.accounts, data: bs58.encode(ix.data), stackHeight: 1 })),
      ...(m.version === 'legacy' ? {} : { addressTableLookups: indexes(m.lookups) }),
    },
  };
}

function meta_json(record) {
  const loaded = (writable) => record.keys.filter((k) => k.loaded && k.writable === writable).map((k) => k.key);
  return {
    err: record.err,
    status: record.err ? { Err: record.err } : { Ok: null },
    fee: record.fee,
    preBalances: record.pre_balances,
    postBalances: record.post_balances,
    preTokenBalances: record.pre_tokens,
    postTokenBalances: record.post_tokens,
    innerInstructions: record.meta.inner,
    logMessages: record.meta.logs,
    computeUnitsConsumed: record.meta.units,
    loadedAddresses: { writable: loaded(true), readonly: loaded(false) },
    rewards: [],
    ...(record.meta.return_data ? { returnData: record.meta.return_data } : {}),
  };
}

module.exports = {
  simulateTransaction(front, [text, given]) {
    const cfg = params.config(given);
    if (cfg.sigVerify && cfg.replaceRecentBlockhash) throw invalid('sigVerify may not be used with replaceRecentBlockhash');
    const tx = params.transaction(text, cfg.encoding);
    const view = front.view(cfg);
    const { ledger } = front;
    if (cfg.sigVerify && !signatures_hold(tx)) throw bad_signature();
    if (!cfg.replaceRecentBlockhash && !ledger.blocks.is_valid(tx.message.blockhash, view)) {
      return front.answer(view, simulated('BlockhashNotFound'));
    }
    const { err, meta, post } = ledger.simulate(tx);
    const out = simulated(err, meta);
    if (cfg.accounts) out.accounts = simulated_accounts(front, cfg.accounts, post, view);
    if (cfg.innerInstructions) out.innerInstructions = meta.inner;
    if (cfg.replaceRecentBlockhash) {
      out.replacementBlockhash = { blockhash: view.hash, lastValidBlockHeight: ledger.last_valid_height(view) };
    }
    return front.answer(view, out);
  },

  sendTransaction(front, [text, given]) {
    const cfg = params.config(given);
    const tx = params.transaction(text, cfg.encoding);
    if (front.faults.take('reject_sends')) throw refused(simulated('BlockhashNotFound'));
    if (!cfg.skipPreflight) preflight(front, tx, cfg);
    else front.view({ commitment: 'processed', minContextSlot: cfg.minContextSlot });
    if (front.faults.take('drop_sends')) return tx.signature;
    front.ledger.submit(tx);
    if (front.faults.take('lose_answers')) throw new AnswerLost();
    return tx.signature;
  },

  getSignatureStatuses(front, [signatures, given]) {
    if (!Array.isArray(signatures)) throw invalid('Invalid params: invalid type: expected a sequence.');
    if (signatures.length > MAX_STATUSES) throw invalid(`Too many inputs provided; max ${MAX_STATUSES}`);
    signatures.forEach(params.signature);
    const cfg = params.config(given);
    if (cfg.searchTransactionHistory) front.must_have_history();
    const view = front.view({ commitment: 'processed', minContextSlot: cfg.minContextSlot });
    const oldest = cfg.searchTransactionHistory ? 0 : view.slot - front.ledger.status_cache_slots;
    return front.answer(view, signatures.map((s) => {
      const record = front.transaction(s);
      return record && record.slot >= oldest ? status(front, record, view.slot) : null;
    }));
  },

  getTransaction(front, [signature, given]) {
    params.signature(signature);
    const cfg = typeof given === 'string' ? { encoding: given } : params.config(given);
    const level = params.commitment(cfg.commitment);
    if (level === 'processed') throw invalid('Method does not support commitment below `confirmed`');
    front.must_have_history();
    const record = front.transaction(signature);
    if (!record || record.slot > front.ledger.view(level, front.faults.lag).slot) return null;
    const { version } = record.tx.message;
    const known = cfg.maxSupportedTransactionVersion;
    if (version !== 'legacy' && !(known >= version)) {
      throw new RpcError(-32015, `Transaction version (${version}) is not supported by the requesting client. Please try the request again with the following configuration parameter: "maxSupportedTransactionVersion": ${version}`);
    }
    return {
      slot: record.slot,
      blockTime: record.time,
      ...(known === undefined ? {} : { version }),
      transaction: transaction_json(record, cfg.encoding ?? 'json'),
      meta: meta_json(record),
    };
  },
};
