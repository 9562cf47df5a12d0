#!/usr/bin/env node
'use strict';
const { parseArgs } = require('node:util');
const { start, DEFAULTS } = require('../localnet.js');
const { MAX_LAG } = require('../ledger/ledger.js');

const USAGE = `usage: localnet.js [options]
  --fronts N           RPC fronts onto the one ledger (${DEFAULTS.fronts})
  --ports P,P,...      their ports, one each; 0 = pick (default)
  --control-port P     port of the control server; 0 = pick (default)
  --slot-ms N          length of a slot; 0 = only POST /advance moves time (${DEFAULTS.slot_ms})
  --blockhash-age N    blocks for which a blockhash is good (${DEFAULTS.blockhash_age})
  --confirm-slots N    depth of "confirmed" (${DEFAULTS.confirm_slots})
  --final-slots N      depth of "finalized" (${DEFAULTS.final_slots})
  --unhealthy-slots N  lag from which a front says -32005 (${DEFAULTS.unhealthy_slots})
  --program ID=FILE    one more program; may be repeated
  --faults JSON        array of faults, one object or null per front
  --exit-with-stdin    end when standard input ends
When ready, prints one JSON line: {"rpc":[...],"ws":[...],"control":...,"pid":...}`;

const TEXT = { type: 'string' };
const OPTIONS = {
  'fronts': TEXT, 'ports': TEXT, 'control-port': TEXT, 'slot-ms': TEXT, 'blockhash-age': TEXT, 'confirm-slots': TEXT,
  'final-slots': TEXT, 'unhealthy-slots': TEXT, 'faults': TEXT, 'program': { type: 'string', multiple: true },
  'exit-with-stdin': { type: 'boolean' }, 'help': { type: 'boolean' },
};

class UsageError extends Error {}

function whole(text, name, min, max) {
  if (!/^\d+$/.test(text) || Number(text) < min || Number(text) > max) throw new UsageError(`--${name}: a whole number from ${min} to ${max}`);
  return Number(text);
}

function program(text) {
  const at = text.indexOf('=');
  if (at < 1) throw new UsageError('--program: ID=FILE');
  return { id: text.slice(0, at), file: text.slice(at + 1) };
}

function json_array(text) {
  try {
    const out = JSON.parse(text);
    if (Array.isArray(out)) return out;
  } catch { /* said below */ }
  throw new UsageError('--faults: a JSON array');
}

function read_options(argv) {
  let values;
  try {
    ({ values } = parseArgs({ args: argv, options: OPTIONS }));
  } catch (e) {
    throw new UsageError(e.message);
  }
  const number = (name, min, max) => {
    const text = values[name];
    return text === undefined ? undefined : whole(text, name, min, max);
  };
  const o = {
    fronts: number('fronts', 1, 64),
    control_port: number('control-port', 0, 65535),
    slot_ms: number('slot-ms', 0, 60_000),
    blockhash_age: number('blockhash-age', 1, 1_000_000),
    confirm_slots: number('confirm-slots', 0, MAX_LAG),
    final_slots: number('final-slots', 0, MAX_LAG),
    unhealthy_slots: number('unhealthy-slots', 1, MAX_LAG),
    ports: values.ports?.split(',').map((p) => whole(p, 'ports', 0, 65535)),
    programs: values.program?.map(program),
    faults: values.faults === undefined ? undefined : json_array(values.faults),
    exit_with_stdin: values['exit-with-stdin'],
    help: values.help,
  };
  for (const name of Object.keys(o)) if (o[name] === undefined) delete o[name];
  const fronts = o.fronts ?? o.ports?.length ?? DEFAULTS.fronts;
  if (o.ports && o.ports.length !== fronts) throw new UsageError(`--ports: ${fronts} of them`);
  if ((o.faults?.length ?? 0) > fronts) throw new UsageError(`--faults: at most ${fronts}`);
  const { final_slots, confirm_slots } = { ...DEFAULTS, ...o };
  if (confirm_slots > final_slots) throw new UsageError('--confirm-slots: not deeper than --final-slots');
  return { ...o, fronts };
}

async function main() {
  const options = read_options(process.argv.slice(2));
  if (options.help) {
    console.log(USAGE);
    return;
  }
  const net = await start(options);
  let ending = false;
  const end = async () => {
    if (ending) return;
    ending = true;
    await net.stop();
    process.exit(0);
  };
  process.on('SIGTERM', end);
  process.on('SIGINT', end);
  if (options.exit_with_stdin) {
    process.stdin.on('end', end);
    process.stdin.on('close', end);
    process.stdin.on('error', end);
    process.stdin.resume();
  }
  process.stdout.on('error', end);
  process.stdout.write(JSON.stringify({ rpc: net.rpc, ws: net.ws, control: net.control, pid: process.pid }) + '\n');
}

main().catch((e) => {
  if (e instanceof UsageError) {
    console.error(`${e.message}\n${USAGE}`);
    process.exit(2);
  }
  console.error(e.message);
  process.exit(1);
});
