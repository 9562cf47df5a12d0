'use strict';
// Base58, compact-u16, the curve test and the three ways an address is derived.
const { PublicKey, SystemProgram } = require('@solana/web3.js');
const { TOKEN_PROGRAM_ID, TOKEN_2022_PROGRAM_ID, getAssociatedTokenAddressSync } = require('@solana/spl-token');
const { getShortU16Encoder } = require('@solana/codecs-numbers');
const bs58 = require('bs58').default;
const { byte_stream, digest, hex } = require('../golden.js');
const { key } = require('./keys.js');

const METAPLEX = new PublicKey('metaqbxxUerdq28cj1RbAWkYQm3ybzjb6a8bt518x1s');

function base58() {
  const s = byte_stream('base58');
  const inputs = [[], [0], [0, 0, 0], [1], [57], [58], [255], [0, 0, 1], Buffer.alloc(32), Buffer.alloc(32, 255)];
  for (const n of [2, 3, 8, 20, 31, 32, 33, 64, 64, 65]) inputs.push(s.take(n));
  for (let zeros = 1; zeros <= 32; zeros *= 2) inputs.push(Buffer.concat([Buffer.alloc(zeros), s.take(32 - zeros)]));
  return inputs.map((b) => ({ bytes: hex(b), text: bs58.encode(Buffer.from(b)) }));
}

function base58_invalid() {
  const bad = ['0', 'O', 'I', 'l', 'ab c', ' 1', '1 ', 'abc\n', 'é', '+/=', '1111O', '2g0'];
  for (const text of bad) if (bs58.decodeUnsafe(text) !== undefined) throw new Error(`${text} was accepted`);
  return bad;
}

const compact_u16 = () =>
  [0, 1, 0x7f, 0x80, 0xff, 0x100, 0x3fff, 0x4000, 0x7fff, 0x8000, 0xfffe, 0xffff].map((value) => ({
    value,
    bytes: hex(getShortU16Encoder().encode(value)),
  }));

// Only canonical encodings (y < p, and not "minus zero"): web3.js and the runtime agree on those.
function on_curve() {
  const small = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map((y) => Buffer.concat([Buffer.from([y]), Buffer.alloc(31)]));
  const p_minus_2 = Buffer.concat([Buffer.from([0xeb]), Buffer.alloc(30, 255), Buffer.from([0x7f])]);
  const s = byte_stream('curve');
  const random = Array.from({ length: 64 }, () => s.take(32));
  return [...small, p_minus_2, ...random].map((b) => ({ bytes: hex(b), on_curve: PublicKey.isOnCurve(b) }));
}

function pda_case(seeds, program) {
  const [address, bump] = PublicKey.findProgramAddressSync(seeds, program);
  return { program_id: program.toBase58(), seeds: seeds.map(hex), address: address.toBase58(), bump };
}

function pda() {
  const s = byte_stream('pda');
  const random = Array.from({ length: 100 }, () => {
    const program = new PublicKey(s.take(32));
    const seeds = Array.from({ length: s.below(6) }, () => s.take(s.below(33)));
    return pda_case(seeds, program);
  });
  const metadata = [Buffer.from('metadata'), METAPLEX.toBuffer(), key.mint.toBuffer()];
  const full = Array.from({ length: 15 }, () => s.take(32));
  return [
    ...random,
    pda_case(full, METAPLEX),
    pda_case(metadata, METAPLEX),
    pda_case([...metadata, Buffer.from('edition')], METAPLEX),
  ];
}

// The address rule of createWithSeed, held to what the System program builder puts in its key list.
function create_with_seed() {
  const { createHash } = require('node:crypto');
  const s = byte_stream('seeded');
  const seeds = ['', 'a', 'seed', '0123456789abcdef0123456789abcdef', 'é', ...Array.from({ length: 20 }, () => hex(s.take(16)))];
  return seeds.flatMap((seed, i) =>
    [TOKEN_PROGRAM_ID, TOKEN_2022_PROGRAM_ID, SystemProgram.programId].map((owner) => {
      const base = i < 5 ? key.payer : new PublicKey(digest(`base:${i}`));
      const bytes = createHash('sha256').update(base.toBuffer()).update(seed, 'utf8').update(owner.toBuffer()).digest();
      return { base: base.toBase58(), seed, owner: owner.toBase58(), address: new PublicKey(bytes).toBase58() };
    }),
  );
}

async function check_create_with_seed(cases) {
  for (const c of cases) {
    const a = await PublicKey.createWithSeed(new PublicKey(c.base), c.seed, new PublicKey(c.owner));
    if (a.toBase58() !== c.address) throw new Error(`createWithSeed disagrees for ${c.seed}`);
  }
}
check_create_with_seed(create_with_seed()).catch((e) => {
  console.error(e);
  process.exit(1);
});

function associated_token() {
  const s = byte_stream('ata');
  return Array.from({ length: 20 }, (_, i) => {
    const token_program = i % 2 ? TOKEN_2022_PROGRAM_ID : TOKEN_PROGRAM_ID;
    const owner = new PublicKey(s.take(32));
    const mint = new PublicKey(s.take(32));
    const address = getAssociatedTokenAddressSync(mint, owner, true, token_program);
    return { owner: owner.toBase58(), mint: mint.toBase58(), token_program: token_program.toBase58(), address: address.toBase58() };
  });
}

module.exports = { base58, base58_invalid, compact_u16, on_curve, pda, create_with_seed, associated_token };
