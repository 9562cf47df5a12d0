'use strict';
const { encode_account } = require('../encode.js');
const { invalid } = require('../error.js');
const params = require('../params.js');
const token = require('../../ledger/token.js');

// The programs and the mint that a token-account filter asks for.
function token_filter(front, filter, slot) {
  const { mint, programId } = params.config(filter);
  if (mint !== undefined) {
    params.pubkey(mint);
    const account = front.ledger.accounts.at(mint, slot);
    if (!account) throw invalid('Invalid param: could not find mint');
    if (!token.read_mint(account)) throw invalid('Invalid param: not a Token mint');
    return { programs: [account.owner], mint };
  }
  params.pubkey(programId);
  if (!token.is_token_program(programId)) throw invalid('Invalid param: unrecognized Token program id');
  return { programs: [programId], mint: null };
}

module.exports = {
  getTokenAccountsByOwner(front, [owner, filter, cfg]) {
    params.pubkey(owner);
    const view = front.view(cfg);
    const { programs, mint } = token_filter(front, filter, view.slot);
    const out = [];
    for (const program of programs) {
      for (const [pubkey, account] of front.ledger.accounts.owned_by(program, view.slot)) {
        const t = token.read_token_account(account);
        if (!t || t.owner !== owner || (mint !== null && t.mint !== mint)) continue;
        out.push({ pubkey, account: encode_account(account, params.config(cfg)) });
      }
    }
    return front.answer(view, out);
  },

  getTokenSupply(front, [key, cfg]) {
    params.pubkey(key);
    const view = front.view(cfg);
    const account = front.ledger.accounts.at(key, view.slot);
    if (!account) throw invalid('Invalid param: could not find account');
    const mint = token.read_mint(account);
    if (!mint) throw invalid('Invalid param: not a Token mint');
    return front.answer(view, token.ui_amount(mint.supply, mint.decimals));
  },

  getTokenAccountBalance(front, [key, cfg]) {
    params.pubkey(key);
    const view = front.view(cfg);
    const account = front.ledger.accounts.at(key, view.slot);
    if (!account) throw invalid('Invalid param: could not find account');
    const t = token.read_token_account(account);
    if (!t) throw invalid('Invalid param: not a Token account');
    const mint = token.read_mint(front.ledger.accounts.at(t.mint, view.slot));
    if (!mint) throw invalid('Invalid param: could not find mint');
    return front.answer(view, token.ui_amount(t.amount, mint.decimals));
  },
};
