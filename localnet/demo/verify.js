// Reads back what was minted from the chain and from content, never from the daemon: with the
// published web3.js, spl-token and UnixFS packages, at finalized, through a front that was never cut.
'use strict';
const { createHash } = require('node:crypto');
require('../quiet.js');
const spl = require('@solana/spl-token');
const { Connection, PublicKey } = require('@solana/web3.js');
const { sha256 } = require('./request.js');

const cidIn = (uri) => /([a-z0-9]{46,})\/?$/i.exec(uri ?? '')?.[1];

// Every token of the wallet that looks like an NFT: supply 1, decimals 0, nobody can mint more.
async function nftsOf(connection, owner) {
  const found = [];
  const accounts = await connection.getTokenAccountsByOwner(new PublicKey(owner), {
    programId: spl.TOKEN_2022_PROGRAM_ID,
  });
  for (const { account } of accounts.value) {
    const holding = spl.AccountLayout.decode(account.data);
    if (holding.amount !== 1n) continue;
    const mint = await spl.getMint(connection, holding.mint, 'finalized', spl.TOKEN_2022_PROGRAM_ID);
    if (mint.supply !== 1n || mint.decimals !== 0 || mint.mintAuthority !== null) continue;
    const metadata = await spl.getTokenMetadata(connection, holding.mint, 'finalized');
    if (metadata) found.push({ mint: holding.mint, metadata });
  }
  return found;
}

function issuedBy(issuer, { mint, metadata }) {
  const seed = new Map(metadata.additionalMetadata).get('thole_seed') ?? '';
  const digest = createHash('sha256')
    .update(new PublicKey(issuer).toBuffer())
    .update(seed)
    .update(spl.TOKEN_2022_PROGRAM_ID.toBuffer())
    .digest();
  return digest.equals(mint.toBuffer());
}

async function fetchBytes(gateway, cid) {
  const answer = await fetch(`${gateway}/ipfs/${cid}`, { signal: AbortSignal.timeout(10000) });
  if (!answer.ok) throw new Error(`${cid}: gateway answers ${answer.status}`);
  return Buffer.from(await answer.arrayBuffer());
}

// The first thing that is not as requested, or null.
async function disagreement(request, nft, { gateway, cidOf }) {
  const jsonCid = cidIn(nft.metadata.uri);
  if (!jsonCid) return `URI ${nft.metadata.uri} names no CID`;
  const bytes = await fetchBytes(gateway, jsonCid);
  if ((await cidOf(bytes)) !== jsonCid) return 'JSON bytes do not hash to the CID in the URI';
  const json = JSON.parse(bytes.toString());
  const { body } = request;
  if (nft.metadata.symbol !== body.symbol) return 'symbol on chain differs';
  for (const field of ['name', 'symbol', 'description']) {
    if (json[field] !== body[field]) return `${field} in the JSON differs`;
  }
  if (request.mint !== undefined && nft.mint.toBase58() !== request.mint) return 'not the address that was promised';
  const asked = [...body.attributes, { trait_type: 'Level', value: String(body.level) }];
  const text = (list) => JSON.stringify(list.map(({ trait_type, value }) => [trait_type, value]).sort());
  if (text(json.attributes) !== text(asked)) return `attributes differ: ${text(json.attributes)}`;
  const imageCid = cidIn(json.image);
  if (!imageCid) return `image ${json.image} names no CID`;
  if (sha256(await fetchBytes(gateway, imageCid)) !== request.imageSha256) return 'image bytes differ';
  return null;
}

// → per request: {matches, mint, uri, reason}
async function readBack(requests, { rpc, gateway, issuer }) {
  const { cidOf } = await import('../content/cid.js');
  const connection = new Connection(rpc, 'finalized');
  const owned = new Map();
  for (const owner of new Set(requests.map(({ body }) => body.owner))) {
    owned.set(owner, await nftsOf(connection, owner));
  }
  return Promise.all(requests.map(async (request) => {
    const candidates = owned.get(request.body.owner)
      .filter((nft) => nft.metadata.name === request.body.name && issuedBy(issuer, nft));
    if (candidates.length === 0) return { matches: 0, reason: 'no such token in the wallet' };
    const [nft] = candidates;
    const reason = await disagreement(request, nft, { gateway, cidOf }).catch((error) => error.message);
    return { matches: candidates.length, mint: nft.mint.toBase58(), uri: nft.metadata.uri, reason };
  }));
}

module.exports = { readBack };
