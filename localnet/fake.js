// The models of outside services over HTTP, for clients in other languages: `thole-fake` as a child.
// THOLE_FAKE names the program.
'use strict';
const { spawn } = require('node:child_process');
const path = require('node:path');

const PROGRAM = process.env.THOLE_FAKE ?? path.join(__dirname, '../build/dev/localnet/thole-fake');

// startFake('pinata', '--token', 'jwt') → where it listens, its faults, what it keeps, and its end.
async function startFake(...words) {
  const child = spawn(PROGRAM, words, { stdio: ['ignore', 'pipe', 'inherit'] });
  const line = await new Promise((resolve, reject) => {
    child.stdout.once('data', resolve);
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`${PROGRAM} ended with ${code} before it was ready`)));
  });
  const url = `http://127.0.0.1:${JSON.parse(line).listen}`;
  return {
    url,
    faults: (wanted) => fetch(`${url}/_faults`, { method: 'POST', body: JSON.stringify(wanted) }),
    kept: async () => (await fetch(`${url}/_kept`)).json(),
    stop: () => child.kill(),
  };
}

module.exports = { startFake };
