'use strict';
// Ledger, fronts and control put together. bin/localnet.js is the command; tests use this directly.
const { Ledger } = require('./ledger/ledger.js');
const { Front } = require('./rpc/front.js');
const { Control } = require('./rpc/control.js');

const DEFAULTS = {
  fronts: 3, slot_ms: 400, blockhash_age: 150, confirm_slots: 1, final_slots: 32, unhealthy_slots: 150,
  ports: null, control_port: 0, programs: [], faults: [],
};

// slot_ms 0: time stands still but for POST /advance.
async function start(given = {}) {
  const o = { ...DEFAULTS, ...given };
  const ledger = new Ledger(o);
  const ports = o.ports ?? Array(o.fronts).fill(0);
  const fronts = ports.map((port, index) => new Front({ index, ledger, port, unhealthy_slots: o.unhealthy_slots }));
  const advance = (skipped) => {
    ledger.tick(skipped);
    for (const f of fronts) f.subscriptions.slot_passed();
  };
  const settings = {
    slot_ms: o.slot_ms, blockhash_age: o.blockhash_age, confirm_slots: o.confirm_slots, final_slots: o.final_slots,
    unhealthy_slots: o.unhealthy_slots, status_cache_slots: ledger.status_cache_slots, first_slot: ledger.blocks.first_slot,
  };
  const control = new Control({ ledger, fronts, advance, settings });

  for (const f of fronts) await f.listen();
  const control_url = await control.listen(o.control_port);
  for (const [i, f] of fronts.entries()) if (o.faults[i]) await f.set_faults(o.faults[i]);
  const clock = o.slot_ms > 0 ? setInterval(() => advance(0), o.slot_ms) : null;

  return {
    ledger, fronts, advance,
    rpc: fronts.map((f) => f.url),
    ws: fronts.map((f) => f.ws_url),
    control: control_url,
    async stop() {
      clearInterval(clock);
      await Promise.all([...fronts.map((f) => f.shut()), control.close()]);
    },
  };
}

module.exports = { start, DEFAULTS };
