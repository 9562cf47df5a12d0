'use strict';
// bigint-buffer, below spl-token, warns that it runs without its native part: install scripts are off
// on purpose, and the warning would be the first line that a reader sees. Required before spl-token.
const { warn } = console;
console.warn = () => {};
require('@solana/spl-token');
console.warn = warn;
