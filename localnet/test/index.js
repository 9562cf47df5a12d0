'use strict';
// So that `node --test localnet/test` runs them all: Node 22 takes a folder for a module.
const fs = require('node:fs');
const path = require('node:path');

for (const file of fs.readdirSync(__dirname)) {
  if (file.endsWith('.test.js')) require(path.join(__dirname, file));
}
