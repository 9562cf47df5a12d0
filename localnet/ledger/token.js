'use strict';
// Just enough of the token programs' layouts to answer the token methods of a node.
const bs58 = require('bs58').default;

const TOKEN = 'TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA';
const TOKEN_2022 = 'TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb';
const PROGRAMS = [TOKEN, TOKEN_2022];
const MINT_BYTES = 82;
const ACCOUNT_BYTES = 165;
const KIND_AT = 165;
const KIND_MINT = 1;
const KIND_ACCOUNT = 2;

const is_token_program = (key) => PROGRAMS.includes(key);
const kind_is = (data, kind) => data.length > KIND_AT && data[KIND_AT] === kind;

function read_mint(account) {
  if (!account || !is_token_program(account.owner)) return null;
  const d = account.data;
  if (d.length !== MINT_BYTES && !kind_is(d, KIND_MINT)) return null;
  if (d[45] !== 1) return null;
  return { supply: d.readBigUInt64LE(36), decimals: d[44] };
}

function read_token_account(account) {
  if (!account || !is_token_program(account.owner)) return null;
  const d = account.data;
  if (d.length !== ACCOUNT_BYTES && !kind_is(d, KIND_ACCOUNT)) return null;
  if (d[108] === 0) return null;
  return { mint: bs58.encode(d.subarray(0, 32)), owner: bs58.encode(d.subarray(32, 64)), amount: d.readBigUInt64LE(64) };
}

function ui_amount(amount, decimals) {
  const digits = amount.toString().padStart(decimals + 1, '0');
  const whole = digits.slice(0, digits.length - decimals);
  const part = decimals ? digits.slice(-decimals).replace(/0+$/, '') : '';
  const text = part ? `${whole}.${part}` : whole;
  return { amount: amount.toString(), decimals, uiAmount: Number(text), uiAmountString: text };
}

// The pre/postTokenBalances of a transaction's meta. `keys` and `states` run side by side.
function token_balances(keys, states, read_account) {
  const out = [];
  states.forEach((state, accountIndex) => {
    const t = read_token_account(state);
    if (!t) return;
    const at = keys.indexOf(t.mint);
    const mint = read_mint((at >= 0 && states[at]) || read_account(t.mint));
    if (!mint) return;
    out.push({ accountIndex, mint: t.mint, owner: t.owner, programId: state.owner, uiTokenAmount: ui_amount(t.amount, mint.decimals) });
  });
  return out;
}

module.exports = { TOKEN, TOKEN_2022, PROGRAMS, is_token_program, read_mint, read_token_account, ui_amount, token_balances };
