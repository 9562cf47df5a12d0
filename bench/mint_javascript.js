// Mints on localnet and a content node in Node.js, and prints one line of figures:
//
//   node bench/mint_javascript.js thole|javascript CLIENTS MINTS PATH-OF-THOLE
//
// "javascript" is what the published packages offer: upload, one Token-2022 transaction, sent and
// confirmed at finalized by @solana/web3.js, then read back by @solana/spl-token and from the
// gateway. It keeps nothing that a crash would leave behind. "thole" is the daemon on the same parts.
'use strict';
const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');

const [, , who, clientsText, mintsText, binary] = process.argv;
process.env.THOLE_BINARY = binary;
const h = require('../test/e2e/harness.js');
const from = (name) => require(require.resolve(name, { paths: [path.join(__dirname, '../localnet')] }));
const web3 = from('@solana/web3.js');
const token = from('@solana/spl-token');
const meta = from('@solana/spl-token-metadata');

const T22 = token.TOKEN_2022_PROGRAM_ID;

async function add(world, content, name) {
  const form = new FormData();
  form.append('file', new Blob([content], { type: 'application/octet-stream' }), name);
  const answer = await fetch(`${world.store.api}/api/v0/add?pin=true&cid-version=1&raw-leaves=true&cid-base=base32`,
    { method: 'POST', body: form });
  assert.equal(answer.status, 200);
  return JSON.parse((await answer.text()).trim().split('\n').pop()).Hash;
}

async function read(world, cid) {
  const answer = await fetch(`${world.store.gateway}/ipfs/${cid}`);
  assert.equal(answer.status, 200);
  return Buffer.from(await answer.arrayBuffer());
}

async function instructions(connection, wallet, mint, owner, fields) {
  const size = token.getMintLen([token.ExtensionType.MetadataPointer]);
  const data = { mint, updateAuthority: wallet, additionalMetadata: [], ...fields };
  const grown = size + token.TYPE_SIZE + token.LENGTH_SIZE + meta.pack(data).length;
  const lamports = await connection.getMinimumBalanceForRentExemption(grown);
  const holding = token.getAssociatedTokenAddressSync(mint, owner, true, T22);
  return [
    web3.SystemProgram.createAccount({ fromPubkey: wallet, newAccountPubkey: mint, space: size, lamports, programId: T22 }),
    token.createInitializeMetadataPointerInstruction(mint, wallet, mint, T22),
    token.createInitializeMintInstruction(mint, 0, wallet, null, T22),
    meta.createInitializeInstruction({ programId: T22, mint, metadata: mint, mintAuthority: wallet, updateAuthority: wallet, ...fields }),
    token.createAssociatedTokenAccountInstruction(wallet, holding, owner, mint, T22),
    token.createMintToInstruction(mint, holding, wallet, 1, [], T22),
    token.createSetAuthorityInstruction(mint, wallet, token.AuthorityType.MintTokens, null, [], T22),
  ];
}

async function with_javascript(world, connection, wallet, { body, image }) {
  const picture = await add(world, image, 'image.png');
  const json = JSON.stringify({ ...body, image: `ipfs://${picture}` });
  const cid = await add(world, json, 'metadata.json');
  const mint = web3.Keypair.generate();
  const owner = new web3.PublicKey(body.owner);
  const fields = { name: body.name, symbol: body.symbol, uri: `ipfs://${cid}` };
  const transaction = new web3.Transaction().add(
    ...await instructions(connection, wallet.publicKey, mint.publicKey, owner, fields));
  await web3.sendAndConfirmTransaction(connection, transaction, [wallet, mint], { commitment: 'finalized' });
  const [minted, seen, served, shown] = await Promise.all([
    token.getMint(connection, mint.publicKey, 'finalized', T22),
    token.getTokenMetadata(connection, mint.publicKey, 'finalized', T22),
    read(world, cid),
    read(world, picture),
  ]);
  assert.equal(minted.supply, 1n);
  assert.equal(seen.uri, fields.uri);
  assert.equal(served.toString(), json);
  assert.ok(shown.equals(image));
}

async function with_thole(world, { body, image, key }) {
  const kept = await world.daemon.call('POST', '/api/v1/content', { headers: { 'content-type': 'image/png' }, body: image });
  const answer = await world.daemon.call('POST', '/api/v1/mints', {
    headers: { 'content-type': 'application/json', 'idempotency-key': key, prefer: 'wait=60' },
    body: JSON.stringify({ ...body, image: kept.value.cid }),
    timeoutMs: 90000,
  });
  assert.equal(answer.value.state, 'completed', JSON.stringify(answer.value));
}

async function main() {
  const [clients, mints] = [Number(clientsText), Number(mintsText)];
  const world = await h.openWorld({ seed: 5 });
  try {
    const requests = h.make(world, mints);
    const connection = new web3.Connection(world.ledger.rpc[0], { commitment: 'confirmed', wsEndpoint: world.ledger.ws[0] });
    const wallet = web3.Keypair.fromSecretKey(Uint8Array.from(JSON.parse(fs.readFileSync(`${world.folder}/wallet.json`))));
    let next = 0;
    const client = async () => {
      while (next < mints) {
        const request = requests[next++];
        await (who === 'thole' ? with_thole(world, request) : with_javascript(world, connection, wallet, request));
      }
    };
    const begun = process.hrtime.bigint();
    await Promise.all(Array.from({ length: clients }, client));
    const seconds = Number(process.hrtime.bigint() - begun) / 1e9;
    console.log(JSON.stringify({ mints_per_s: Number((mints / seconds).toPrecision(4)), mints }));
  } finally {
    await h.closeWorld(world);
  }
}

main().then(() => process.exit(0), (error) => {
  console.error(error);
  process.exit(1);
});
