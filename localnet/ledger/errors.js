'use strict';
// The runtime's errors in the JSON form and the words that a node uses for them.
const fs = require('node:fs');
const litesvm = require('litesvm/dist/internal');

// The add-on exports its field-less errors as TypeScript "const enum"s, which do not exist at run
// time: the names are read from its declaration file.
const declarations = fs.readFileSync(require.resolve('litesvm/dist/internal').replace(/js$/, 'd.ts'), 'utf8');
function enum_names(name) {
  const body = declarations.match(new RegExp(`enum ${name} \\{([^}]*)\\}`))[1];
  const out = [];
  for (const [, word, number] of body.matchAll(/(\w+) = (\d+)/g)) out[Number(number)] = word;
  return out;
}
const TRANSACTION_ERRORS = enum_names('TransactionErrorFieldless');
const INSTRUCTION_ERRORS = enum_names('InstructionErrorFieldless');

function instruction_error(e) {
  if (typeof e === 'number') return INSTRUCTION_ERRORS[e] ?? 'GenericError';
  return 'code' in e ? { Custom: e.code } : 'BorshIoError';
}

function error_json(e) {
  if (typeof e === 'number') return TRANSACTION_ERRORS[e] ?? 'SanitizeFailure';
  if (e instanceof litesvm.TransactionErrorInstructionError) return { InstructionError: [e.index, instruction_error(e.err())] };
  if (e instanceof litesvm.TransactionErrorInsufficientFundsForRent) return { InsufficientFundsForRent: { account_index: e.accountIndex } };
  if (e instanceof litesvm.TransactionErrorDuplicateInstruction) return { DuplicateInstruction: e.index };
  return { ProgramExecutionTemporarilyRestricted: { account_index: e.accountIndex } };
}

const TRANSACTION_TEXT = {
  AccountNotFound: 'Attempt to debit an account but found no record of a prior credit.',
  ProgramAccountNotFound: 'Attempt to load a program that does not exist',
  InsufficientFundsForFee: 'Insufficient funds for fee',
  InvalidAccountForFee: 'This account may not be used to pay transaction fees',
  AlreadyProcessed: 'This transaction has already been processed',
  BlockhashNotFound: 'Blockhash not found',
  SignatureFailure: 'Transaction did not pass signature verification',
  InvalidProgramForExecution: 'This program may not be used for executing instructions',
  SanitizeFailure: 'Transaction failed to sanitize accounts offsets correctly',
  AddressLookupTableNotFound: 'Transaction loads an address table account that doesn\'t exist',
  TooManyAccountLocks: 'Transaction locked too many accounts',
};
const INSTRUCTION_TEXT = {
  GenericError: 'generic instruction error',
  InvalidArgument: 'invalid program argument',
  InvalidInstructionData: 'invalid instruction data',
  InvalidAccountData: 'invalid account data for instruction',
  AccountDataTooSmall: 'account data too small for instruction',
  InsufficientFunds: 'insufficient funds for instruction',
  IncorrectProgramId: 'incorrect program id for instruction',
  MissingRequiredSignature: 'missing required signature for instruction',
  AccountAlreadyInitialized: 'instruction requires an uninitialized account',
  UninitializedAccount: 'instruction requires an initialized account',
  NotEnoughAccountKeys: 'insufficient account keys for instruction',
  InvalidSeeds: 'Provided seeds do not result in a valid address',
  InvalidRealloc: 'Failed to reallocate account data',
  ComputationalBudgetExceeded: 'Computational budget exceeded',
  PrivilegeEscalation: 'Cross-program invocation with unauthorized signer or writable account',
  ProgramFailedToComplete: 'Program failed to complete',
  Immutable: 'Account is immutable',
  IncorrectAuthority: 'Incorrect authority provided',
  AccountNotRentExempt: 'An account does not have enough lamports to be rent-exempt',
  InvalidAccountOwner: 'Invalid account owner',
  IllegalOwner: 'Provided owner is not allowed',
  ArithmeticOverflow: 'Program arithmetic overflowed',
};

function error_text(err) {
  if (typeof err === 'string') return TRANSACTION_TEXT[err] ?? err;
  if (err.InstructionError) {
    const [index, inner] = err.InstructionError;
    const text = typeof inner === 'string' ? INSTRUCTION_TEXT[inner] ?? inner : `custom program error: 0x${inner.Custom.toString(16)}`;
    return `Error processing Instruction ${index}: ${text}`;
  }
  if (err.InsufficientFundsForRent) return `Transaction results in an account (${err.InsufficientFundsForRent.account_index}) with insufficient funds for rent`;
  if ('DuplicateInstruction' in err) return `Transaction contains a duplicate instruction (${err.DuplicateInstruction}) that is not allowed`;
  return `Execution of the program referenced by account at index ${err.ProgramExecutionTemporarilyRestricted.account_index} is temporarily restricted.`;
}

module.exports = { error_json, error_text };
