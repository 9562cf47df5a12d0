'use strict';
// One HTTP request to a front: the faults of the transport first, then JSON-RPC 2.0, single or batch.
const { AnswerLost, RpcError, unhealthy } = require('./error.js');
const methods = require('./methods/index.js');

const MAX_BODY_BYTES = 50 * 1024;
const failure = (error, id) => ({ jsonrpc: '2.0', error: error.json(), id });

function read_body(req) {
  return new Promise((resolve, reject) => {
    const parts = [];
    let size = 0;
    req.on('data', (part) => {
      size += part.length;
      if (size <= MAX_BODY_BYTES) parts.push(part);
      else resolve(null);
    });
    req.on('end', () => resolve(Buffer.concat(parts).toString('utf8')));
    req.on('error', reject);
    req.on('aborted', () => reject(new Error('aborted')));
  });
}

function call_method(front, q) {
  const method = methods[q.method];
  front.count_request(method ? q.method : 'unknown');
  if (front.faults.rpc_unhealthy === 'all') {
    front.faults.fired.rpc_unhealthy++;
    throw unhealthy(null);
  }
  if (!method) throw new RpcError(-32601, 'Method not found');
  const given = q.params ?? [];
  if (!Array.isArray(given)) throw new RpcError(-32602, 'Invalid params: expected an array.');
  return method(front, given);
}

const is_call = (q) => typeof q === 'object' && q !== null && !Array.isArray(q) && q.jsonrpc === '2.0' && typeof q.method === 'string';

// The answer to one call; undefined for a notification, which gets none.
function answer_one(front, q) {
  if (!is_call(q)) return failure(new RpcError(-32600, 'Invalid request'), q?.id ?? null);
  try {
    const result = call_method(front, q);
    return q.id === undefined ? undefined : { jsonrpc: '2.0', result, id: q.id };
  } catch (e) {
    if (e instanceof AnswerLost) throw e;
    if (q.id === undefined) return undefined;
    if (e instanceof RpcError) return failure(e, q.id);
    console.error(`front ${front.index}: ${q.method}:`, e);
    return failure(new RpcError(-32603, 'Internal error'), q.id);
  }
}

function answer_all(front, parsed) {
  if (!Array.isArray(parsed)) return answer_one(front, parsed);
  if (parsed.length === 0) return failure(new RpcError(-32600, 'Invalid request'), null);
  const out = parsed.map((q) => answer_one(front, q)).filter((a) => a !== undefined);
  return out.length ? out : undefined;
}

function refuse_http(front, req, res) {
  if (req.method === 'GET' && req.url === '/health') return front.send(res, 200, health_word(front)), true;
  if (req.method !== 'POST') return front.send(res, 405, 'Used HTTP Method is not allowed. POST or OPTIONS is required\n', { allow: 'POST' }), true;
  const type = (req.headers['content-type'] ?? '').split(';')[0].trim().toLowerCase();
  if (type !== 'application/json') return front.send(res, 415, 'Supplied content type is not allowed. Content-Type: application/json is required\n'), true;
  return false;
}

function health_word(front) {
  try {
    front.must_be_healthy();
    return 'ok';
  } catch {
    return 'behind';
  }
}

async function handle(front, req, res) {
  front.counters.http.requests++;
  if (front.faults.hang) {
    front.faults.fired.hang++;
    front.held.add(req.socket);
    req.socket.on('close', () => front.held.delete(req.socket));
    return;
  }
  if (refuse_http(front, req, res)) {
    front.counters.http.refused++;
    return;
  }
  const text = await read_body(req).catch(() => undefined);
  if (text === undefined) return;
  if (text === null) {
    front.counters.http.refused++;
    front.send(res, 413, 'Payload too large\n', { connection: 'close' });
    return;
  }
  await answer(front, text, res);
}

async function answer(front, text, res) {
  let parsed;
  let out;
  try {
    parsed = JSON.parse(text);
  } catch {
    front.send(res, 200, failure(new RpcError(-32700, 'Parse error'), null));
    return;
  }
  const storm = front.faults.take_429([].concat(parsed).map((q) => q?.method));
  if (storm) {
    const error = new RpcError(429, 'Too many requests for a specific RPC call');
    front.send(res, 429, failure(error, parsed?.id ?? null), storm.retry_after === null ? {} : { 'retry-after': String(storm.retry_after) });
    return;
  }
  try {
    out = answer_all(front, parsed);
  } catch (e) {
    if (!(e instanceof AnswerLost)) throw e;
    res.socket.destroy();
    return;
  }
  if (front.faults.delay_ms > 0) {
    front.faults.fired.delay_ms++;
    await new Promise((resolve) => setTimeout(resolve, front.faults.delay_ms).unref());
  }
  if (res.destroyed) return;
  if (out === undefined) front.send(res, 200, '');
  else front.send(res, 200, out);
}

module.exports = handle;
