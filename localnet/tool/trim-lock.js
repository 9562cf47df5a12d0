'use strict';
// usage: node trim-lock.js package-lock.json…
// A lock written where an optional package could not be had (another platform's binary, say) leaves
// it out but still names it, and `npm ci` then refuses the lock. Drop such names.
const fs = require('node:fs');

for (const file of process.argv.slice(2)) {
  const lock = JSON.parse(fs.readFileSync(file, 'utf8'));
  const present = (from, name) => {
    for (let at = from; ; at = at.slice(0, Math.max(0, at.lastIndexOf('node_modules/') - 1))) {
      if (lock.packages[`${at ? at + '/' : ''}node_modules/${name}`]) return true;
      if (!at) return false;
    }
  };
  let dropped = 0;
  for (const [at, entry] of Object.entries(lock.packages)) {
    for (const name of Object.keys(entry.optionalDependencies ?? {})) {
      if (present(at, name)) continue;
      delete entry.optionalDependencies[name];
      dropped++;
    }
  }
  fs.writeFileSync(file, JSON.stringify(lock, null, 2) + '\n');
  console.log(`${file}: ${dropped} dropped`);
}
