'use strict';
// Every method by name; the prototype-free table keeps "constructor" and the like unknown.
module.exports = Object.assign(
  Object.create(null),
  require('./cluster.js'),
  require('./accounts.js'),
  require('./tokens.js'),
  require('./transactions.js'),
);
