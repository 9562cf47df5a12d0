'use strict';
// What is wrong with one front, by order of a test. Every field has a value that means "nothing".
//
//   lag            n slots behind the ledger
//   refuse         true: the port is closed and open connections are reset; false: open again
//   hang           true: requests are taken and never answered
//   delay_ms       the effect happens, the answer comes later
//   http_429       { count } requests or { until_ms } milliseconds of 429, with { retry_after } seconds
//                  (null: no such header) and, if given, only for { methods }
//   rpc_unhealthy  true: getHealth and pre-flighted sends say -32005; "all": everything does
//   lose_history   true: nothing before now is known any more; "disabled": history answers -32011
//   drop_sends     n sends answer the signature and are thrown away
//   lose_answers   n sends take effect and lose their answer with the connection
//   reject_sends   n sends say "Blockhash not found" though there is nothing wrong with them
const { MAX_LAG } = require('../ledger/ledger.js');

const MAX_MS = 3_600_000;
const whole = (max) => (v) => Number.isInteger(v) && v >= 0 && v <= max;
const flag = (v) => typeof v === 'boolean';

function storm(v) {
  if (v === null || v === false) return true;
  if (typeof v !== 'object' || Array.isArray(v)) return false;
  const { count, until_ms, retry_after, methods, ...unknown } = v;
  const one_limit = (count === undefined) !== (until_ms === undefined);
  const limit = whole(MAX_MS)(count ?? until_ms);
  const after = retry_after === undefined || retry_after === null || whole(MAX_MS)(retry_after);
  const names = methods === undefined || (Array.isArray(methods) && methods.every((m) => typeof m === 'string'));
  return one_limit && limit && after && names && Object.keys(unknown).length === 0;
}

const FIELDS = {
  lag: { none: 0, ok: whole(MAX_LAG) },
  refuse: { none: false, ok: flag },
  hang: { none: false, ok: flag },
  delay_ms: { none: 0, ok: whole(MAX_MS) },
  http_429: { none: null, ok: storm },
  rpc_unhealthy: { none: false, ok: (v) => flag(v) || v === 'all' },
  lose_history: { none: false, ok: (v) => flag(v) || v === 'disabled' },
  drop_sends: { none: 0, ok: whole(1e9) },
  lose_answers: { none: 0, ok: whole(1e9) },
  reject_sends: { none: 0, ok: whole(1e9) },
};

class FaultError extends Error {}

class Faults {
  constructor() {
    this.fired = Object.fromEntries(Object.keys(FIELDS).map((name) => [name, 0]));
    this.clear();
  }

  clear() {
    for (const [name, field] of Object.entries(FIELDS)) this[name] = field.none;
    this.history_from = 0;
  }

  // All of `changes` or, if anything in it is wrong, nothing.
  set(changes, slot) {
    if (typeof changes !== 'object' || changes === null || Array.isArray(changes)) throw new FaultError('expected an object');
    for (const [name, value] of Object.entries(changes)) {
      if (!Object.hasOwn(FIELDS, name)) throw new FaultError(`unknown fault: ${name}`);
      if (!FIELDS[name].ok(value)) throw new FaultError(`wrong value for ${name}`);
    }
    for (const [name, value] of Object.entries(changes)) this[name] = name === 'http_429' ? started(value) : value;
    if ('lose_history' in changes) this.history_from = this.lose_history === true ? slot : 0;
  }

  // Whether one of n comes due now.
  take(name) {
    if (this[name] === 0) return false;
    this[name]--;
    this.fired[name]++;
    return true;
  }

  // The 429 that this request gets, or null.
  take_429(methods) {
    const s = this.http_429;
    if (!s || (s.methods && !methods.some((m) => s.methods.includes(m)))) return null;
    const over = s.count === undefined ? Date.now() >= s.until : s.count === 0;
    if (over) {
      this.http_429 = null;
      return null;
    }
    if (s.count !== undefined) s.count--;
    this.fired.http_429++;
    return s;
  }

  json() {
    const out = Object.fromEntries(Object.keys(FIELDS).map((name) => [name, this[name]]));
    if (out.http_429) {
      const { until, ...rest } = out.http_429;
      out.http_429 = until === undefined ? rest : { ...rest, until_ms: Math.max(0, until - Date.now()) };
    }
    return out;
  }
}

function started(value) {
  if (!value) return null;
  const { count, until_ms, retry_after = 1, methods } = value;
  const limit = count === undefined ? { until: Date.now() + until_ms } : { count };
  return { ...limit, retry_after, ...(methods ? { methods } : {}) };
}

module.exports = { Faults, FaultError };
