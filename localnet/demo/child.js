// Processes of the demo: started with a log file each, ready when they print one JSON line, ended by pid.
'use strict';
const { spawn } = require('node:child_process');
const fs = require('node:fs');
const readline = require('node:readline');

function start(name, command, args, { logs, env, detached = false }) {
  const log = fs.openSync(`${logs}/${name}.log`, 'a');
  const child = spawn(command, args, {
    stdio: ['ignore', detached ? log : 'pipe', log],
    env: { ...process.env, ...env },
    detached,
  });
  fs.closeSync(log);
  child.ended = new Promise((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })));
  return child;
}

// The first line of standard output as JSON; fails when the process ends before.
function ready(name, child, timeoutMs = 30000) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${name} was not ready in ${timeoutMs} ms`)), timeoutMs);
    child.ended.then(({ code }) => reject(new Error(`${name} ended with ${code} before it was ready`)));
    const lines = readline.createInterface({ input: child.stdout });
    lines.once('line', (line) => {
      clearTimeout(timer);
      resolve(JSON.parse(line));
    });
  });
}

async function stop(child, graceMs = 5000) {
  if (!child || child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
  await child.ended;
  clearTimeout(timer);
}

module.exports = { ready, start, stop };
