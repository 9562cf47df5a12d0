// A content node on loopback. Prints one JSON line when ready:
//   {"api":URL,"gateway":URL,"control":URL,"pid":N}
//
//   node node.js --folder DIR [--api-port 0] [--gateway-port 0] [--control-port 0]
import { mkdirSync } from 'node:fs';
import http from 'node:http';
import { parseArgs } from 'node:util';
import { api } from './api.js';
import { Faults } from './faults.js';
import { gateway } from './gateway.js';
import { CID, ContentStore } from './store.js';

const { values } = parseArgs({
  options: {
    folder: { type: 'string' },
    'api-port': { type: 'string', default: '0' },
    'gateway-port': { type: 'string', default: '0' },
    'control-port': { type: 'string', default: '0' },
    'exit-with-stdin': { type: 'boolean', default: false },
  },
});
if (!values.folder) {
  console.error('usage: node node.js --folder DIR [--api-port N] [--gateway-port N] [--control-port N]');
  process.exit(2);
}
mkdirSync(values.folder, { recursive: true });

const faults = new Faults();
const store = new ContentStore(values.folder);

// A listener that can be closed and opened again on its port.
class Listener {
  constructor(handle) {
    this.server = http.createServer(async (request, response) => {
      try {
        await handle(request, response);
      } catch (error) {
        if (!response.headersSent) response.writeHead(500, { 'content-type': 'application/json' });
        response.end(JSON.stringify({ Message: error.message, Code: 0, Type: 'error' }));
      }
    });
  }

  listen(port) {
    return new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(port, '127.0.0.1', () => {
        this.port = this.server.address().port;
        resolve(`http://127.0.0.1:${this.port}`);
      });
    });
  }

  async refuse(refusing) {
    if (refusing && this.server.listening) {
      this.server.close();
      this.server.closeAllConnections();
    } else if (!refusing && !this.server.listening) {
      await this.listen(this.port);
    }
  }
}

const faulty = (handle) => async (request, response) => {
  if (await faults.intercept(response)) return;
  await handle(request, response, store, faults);
};
const apiListener = new Listener(faulty(api));
const gatewayListener = new Listener(faulty(gateway));

async function control(request, response) {
  const parts = [];
  for await (const part of request) parts.push(part);
  if (request.method === 'POST' && request.url === '/faults') {
    const change = JSON.parse(Buffer.concat(parts).toString() || '{}');
    faults.set(change);
    for (const cid of change.lose ?? []) await store.lose(CID.parse(cid));
  } else if (request.method === 'POST' && request.url === '/clear') {
    faults.clear();
  } else if (request.method !== 'GET') {
    response.writeHead(404).end();
    return;
  }
  await apiListener.refuse(faults.state.refuse);
  await gatewayListener.refuse(faults.state.refuse);
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ faults: faults.state, counters: faults.counters, pins: store.pins.size }));
}

await store.open();
const ready = {
  api: await apiListener.listen(Number(values['api-port'])),
  gateway: await gatewayListener.listen(Number(values['gateway-port'])),
  control: await new Listener(control).listen(Number(values['control-port'])),
  pid: process.pid,
};
console.log(JSON.stringify(ready));
const stop = () => process.exit(0);
process.on('SIGTERM', stop);
process.on('SIGINT', stop);
if (values['exit-with-stdin']) process.stdin.on('end', stop).resume();
