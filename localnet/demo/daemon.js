// The daemon under test: its configuration, its life (it is killed and started again), its HTTP.
'use strict';
const fs = require('node:fs');
const http = require('node:http');
const { start, stop } = require('./child.js');

const sleep = (ms) => new Promise((wake) => setTimeout(wake, ms));

class Daemon {
  constructor({ binary, folder, logs, port }) {
    Object.assign(this, { binary, folder, logs, port, kills: 0 });
    this.config = `${folder}/thole.toml`;
    this.socket = `${folder}/thole.sock`;
    this.url = `http://127.0.0.1:${port}`;
  }

  configure(text) {
    fs.writeFileSync(this.config, text);
  }

  async start() {
    this.child = start('daemon', this.binary, ['--config', this.config, 'serve'], {
      logs: this.logs,
      detached: true,
    });
    for (let waited = 0; waited < 20000; waited += 50) {
      if (this.child.exitCode !== null) throw new Error(`the daemon ended with ${this.child.exitCode}; see ${this.logs}/daemon.log`);
      try {
        const answer = await this.call('GET', '/readyz');
        if (answer.status === 200) return;
      } catch {
        // not listening yet
      }
      await sleep(50);
    }
    throw new Error(`the daemon was not ready in 20 s; see ${this.logs}/daemon.log`);
  }

  async kill() {
    this.kills += 1;
    this.child.kill('SIGKILL');
    await this.child.ended;
  }

  stop() {
    return stop(this.child);
  }

  // One HTTP call over the unix socket; rejects when the daemon is not there.
  call(method, path, { headers = {}, body, timeoutMs = 15000 } = {}) {
    return new Promise((resolve, reject) => {
      const request = http.request(
        { socketPath: this.socket, method, path, headers: { host: 'localhost', ...headers }, timeout: timeoutMs },
        (response) => {
          const parts = [];
          response.on('data', (part) => parts.push(part));
          response.on('error', reject);
          response.on('end', () => {
            const text = Buffer.concat(parts).toString();
            let value;
            try {
              value = JSON.parse(text);
            } catch {
              value = text;
            }
            resolve({ status: response.statusCode, headers: response.headers, value });
          });
        },
      );
      request.on('timeout', () => request.destroy(new Error('no answer in time')));
      request.on('error', reject);
      request.end(body);
    });
  }

  // The same call until it is answered with anything but "not now": what a careful client does.
  async insist(method, path, options, untilMs = 120000) {
    const give_up = Date.now() + untilMs;
    for (;;) {
      try {
        const answer = await this.call(method, path, options);
        if (answer.status < 500 && answer.status !== 429) return answer;
        if (Date.now() > give_up) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.value)}`);
      } catch (error) {
        if (Date.now() > give_up) throw error;
      }
      await sleep(200);
    }
  }
}

module.exports = { Daemon, sleep };
