// The model of Metaplex' program is held to the package that Metaplex publishes: what the package
// builds must be understood, what the program refuses must be refused, and the package must read the
// accounts that come of it.
'use strict';
const assert = require('node:assert/strict');
const { after, before, test } = require('node:test');
const mpl = require('@metaplex-foundation/mpl-token-metadata');
const spl = require('@solana/spl-token');
const web3 = require('@solana/web3.js');
const { startFake } = require('../../fake.js');

const CREATE_FEE = 10_000_000;
const issuer = web3.Keypair.fromSeed(Buffer.alloc(32, 1));
const stranger = web3.Keypair.fromSeed(Buffer.alloc(32, 2));
const artist = web3.Keypair.fromSeed(Buffer.alloc(32, 3)).publicKey;
let fake;
let chain;

before(async () => {
  fake = await startFake('mint', '--slot-ms', '5');
  for (const { publicKey } of [issuer, stranger]) await fake.faults({ fund: publicKey.toBase58() });
  chain = new web3.Connection(`${fake.url}/rpc/0`, 'confirmed');
});
after(() => fake.stop());

const found = (mint, ...rest) =>
  web3.PublicKey.findProgramAddressSync([Buffer.from('metadata'), mpl.PROGRAM_ID.toBuffer(), mint.toBuffer(), ...rest], mpl.PROGRAM_ID)[0];
const metadataOf = (mint) => found(mint);
const editionOf = (mint) => found(mint, Buffer.from('edition'));

async function statusOf(signature) {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'getSignatureStatuses', params: [[signature]] });
  const answer = await fetch(`${fake.url}/rpc/0`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  return (await answer.json()).result.value[0];
}

// The error of the transaction, null when there is none.
async function run(signer, instructions) {
  const tx = new web3.Transaction({ feePayer: signer.publicKey, ...(await chain.getLatestBlockhash()) }).add(...instructions);
  tx.sign(signer);
  const signature = await chain.sendRawTransaction(tx.serialize(), { skipPreflight: true });
  for (;;) {
    const status = await statusOf(signature);
    if (status && status.confirmationStatus !== 'processed') return status.err;
    await new Promise((wake) => { setTimeout(wake, 5); });
  }
}

// An NFT as wallets and tools make them, with the package's own instructions.
async function nft(signer, seed, { creators = null, collection = null, size = null } = {}) {
  const me = signer.publicKey;
  const mint = await web3.PublicKey.createWithSeed(me, seed, spl.TOKEN_PROGRAM_ID);
  const holding = spl.getAssociatedTokenAddressSync(mint, me);
  const metadata = metadataOf(mint);
  const rent = await chain.getMinimumBalanceForRentExemption(82);
  const data = { name: seed, symbol: 'TIX', uri: 'ipfs://x', sellerFeeBasisPoints: 500, creators, collection, uses: null };
  const collectionDetails = size === null ? null : { __kind: 'V1', size };
  const instructions = [
    web3.SystemProgram.createAccountWithSeed({ fromPubkey: me, basePubkey: me, seed, newAccountPubkey: mint, lamports: rent, space: 82, programId: spl.TOKEN_PROGRAM_ID }),
    spl.createInitializeMint2Instruction(mint, 0, me, me),
    spl.createAssociatedTokenAccountIdempotentInstruction(me, holding, me, mint),
    spl.createMintToInstruction(mint, holding, me, 1),
    mpl.createCreateMetadataAccountV3Instruction(
      { metadata, mint, mintAuthority: me, payer: me, updateAuthority: me },
      { createMetadataAccountArgsV3: { data, isMutable: true, collectionDetails } },
    ),
    mpl.createCreateMasterEditionV3Instruction(
      { edition: editionOf(mint), mint, updateAuthority: me, mintAuthority: me, payer: me, metadata },
      { createMasterEditionArgs: { maxSupply: 0 } },
    ),
  ];
  return { mint, instructions };
}

const verify = (authority, item, collection) =>
  mpl.createVerifyInstruction(
    {
      authority: authority.publicKey, metadata: metadataOf(item), collectionMint: collection, collectionMetadata: metadataOf(collection),
      collectionMasterEdition: editionOf(collection), sysvarInstructions: web3.SYSVAR_INSTRUCTIONS_PUBKEY,
    },
    { verificationArgs: mpl.VerificationArgs.CollectionV1 },
  );
const metadata = (mint) => mpl.Metadata.fromAccountAddress(chain, metadataOf(mint));
const claim = (key) => ({ verified: false, key });
const us = (share = 100) => ({ address: issuer.publicKey, verified: true, share });

// proves: S9, X3
test('a token minted into a sized collection is verified and counted', async () => {
  const parent = await nft(issuer, 'parent', { size: 0 });
  const before = await chain.getBalance(issuer.publicKey);
  assert.equal(await run(issuer, parent.instructions), null);
  assert.ok(before - (await chain.getBalance(issuer.publicKey)) > CREATE_FEE, 'the program takes its fee');
  const creators = [us(60), { address: artist, verified: false, share: 40 }];
  const item = await nft(issuer, 'item', { creators, collection: claim(parent.mint) });
  assert.equal(await run(issuer, [...item.instructions, verify(issuer, item.mint, parent.mint)]), null);

  const read = await metadata(item.mint);
  assert.equal(read.data.name.replace(/\0+$/, ''), 'item');
  assert.deepEqual(read.data.creators.map((c) => [c.address.toBase58(), c.verified, c.share]),
    [[issuer.publicKey.toBase58(), true, 60], [artist.toBase58(), false, 40]]);
  assert.equal(read.collection.verified, true);
  assert.ok(read.collection.key.equals(parent.mint));
  assert.equal(read.tokenStandard, mpl.TokenStandard.NonFungible);
  assert.equal(Number((await metadata(parent.mint)).collectionDetails.size), 1);
  const edition = await mpl.MasterEditionV2.fromAccountAddress(chain, editionOf(item.mint));
  assert.equal(Number(edition.maxSupply), 0);
  const mint = await spl.getMint(chain, item.mint);
  assert.deepEqual([mint.supply, mint.decimals], [1n, 0]);
  assert.ok(mint.mintAuthority.equals(editionOf(item.mint)));
});

// proves: S9, X3
test('what the program refuses is refused, with its number', async () => {
  const own = await nft(issuer, 'own');
  assert.equal(await run(issuer, own.instructions), null);
  const code = (at, Custom) => ({ InstructionError: [at, { Custom }] });

  const born = await nft(issuer, 'born', { collection: { verified: true, key: own.mint } });
  assert.deepEqual(await run(issuer, born.instructions), code(4, new mpl.CollectionCannotBeVerifiedInThisInstructionError().code));
  const vouched = await nft(stranger, 'vouched', { creators: [us()] });
  assert.deepEqual(await run(stranger, vouched.instructions), code(4, new mpl.CannotVerifyAnotherCreatorError().code));

  const forged = await nft(stranger, 'forged', { collection: claim(own.mint) });
  const refused = code(6, new mpl.UpdateAuthorityIncorrectError().code);
  assert.deepEqual(await run(stranger, [...forged.instructions, verify(stranger, forged.mint, own.mint)]), refused);
  assert.equal(await run(stranger, forged.instructions), null, 'anybody may name a collection');
  assert.equal((await metadata(forged.mint)).collection.verified, false);
  const other = await nft(issuer, 'other', { collection: claim(forged.mint) });
  assert.deepEqual(await run(issuer, [...other.instructions, verify(issuer, other.mint, own.mint)]), code(6, new mpl.CollectionNotFoundError().code));
});
