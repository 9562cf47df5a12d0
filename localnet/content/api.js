// The part of Kubo's RPC that a pinning client uses: add, dag/import, pin/ls, pin/rm, block/stat, version, id.
import busboy from 'busboy';
import { CID } from './store.js';

const json = (response, status, value) =>
  response.writeHead(status, { 'content-type': 'application/json' }).end(`${JSON.stringify(value)}\n`);
const failure = (response, status, message) =>
  json(response, status, { Message: message, Code: 0, Type: 'error' });

function flag(query, name, otherwise) {
  const value = query.get(name);
  return value === null ? otherwise : value === 'true' || value === '1';
}

function addOptions(query) {
  const cidVersion = Number(query.get('cid-version') ?? '0');
  const chunker = /^size-(\d+)$/.exec(query.get('chunker') ?? 'size-262144');
  if (![0, 1].includes(cidVersion) || !chunker) throw new Error('unsupported cid-version or chunker');
  return {
    cidVersion,
    rawLeaves: flag(query, 'raw-leaves', cidVersion === 1),
    chunkSize: Number(chunker[1]),
    pin: flag(query, 'pin', true),
    onlyHash: flag(query, 'only-hash', false),
  };
}

// What `take` makes of the first file part of the form, while it arrives.
function receive(request, take) {
  return new Promise((resolve, reject) => {
    let taken;
    const form = busboy({ headers: request.headers, limits: { files: 1 } });
    form.on('file', (_field, stream, info) => {
      taken = take(stream, info.filename);
      taken.catch(() => stream.resume());
    });
    form.on('error', reject);
    form.on('close', () => (taken ? taken.then(resolve, reject) : reject(new Error('no file part'))));
    request.on('aborted', () => reject(new Error('aborted')));
    request.pipe(form);
  });
}

async function add(request, response, query, store) {
  const options = addOptions(query);
  const { cid, size, name } = await receive(request, async (stream, filename) =>
    ({ ...(await store.add(stream, options)), name: filename }));
  const hash = store.text(cid);
  json(response, 200, { Name: name || hash, Hash: hash, Size: String(size) });
}

async function dagImport(request, response, store) {
  const roots = await receive(request, (stream) => store.importCar(stream));
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(roots.map(({ cid, problem }) =>
    `${JSON.stringify({ Root: { Cid: { '/': store.text(cid) }, PinErrorMsg: problem } })}\n`).join(''));
}

function listPins(response, query, store) {
  const wanted = query.get('arg');
  const known = wanted ? store.pins.has(store.text(CID.parse(wanted))) : true;
  if (!known) return failure(response, 500, `path '${wanted}' is not pinned`);
  const keys = wanted ? [store.text(CID.parse(wanted))] : [...store.pins];
  return json(response, 200, { Keys: Object.fromEntries(keys.map((key) => [key, { Type: 'recursive' }])) });
}

async function pinAdd(response, query, store) {
  const cid = CID.parse(query.get('arg'));
  if (!(await store.has(cid))) return failure(response, 500, `block ${cid} was not found locally (offline)`);
  store.pins.add(store.text(cid));
  store.savePins();
  return json(response, 200, { Pins: [store.text(cid)] });
}

function pinRemove(response, query, store) {
  const cid = CID.parse(query.get('arg'));
  return store.unpin(cid)
    ? json(response, 200, { Pins: [store.text(cid)] })
    : failure(response, 500, 'not pinned or pinned indirectly');
}

async function blockStat(response, query, store) {
  const cid = CID.parse(query.get('arg'));
  if (!(await store.has(cid))) return failure(response, 500, `block ${cid} was not found locally (offline)`);
  return json(response, 200, { Key: store.text(cid), Size: (await store.block(cid)).length });
}

export async function api(request, response, store, faults) {
  const url = new URL(request.url, 'http://localhost');
  if (request.method !== 'POST') return failure(response, 405, 'only POST');
  switch (url.pathname) {
    case '/api/v0/add':
      faults.counters.add += 1;
      return add(request, response, url.searchParams, store);
    case '/api/v0/dag/import': return dagImport(request, response, store);
    case '/api/v0/pin/ls': return listPins(response, url.searchParams, store);
    case '/api/v0/pin/add': return pinAdd(response, url.searchParams, store);
    case '/api/v0/pin/rm': return pinRemove(response, url.searchParams, store);
    case '/api/v0/block/stat': return blockStat(response, url.searchParams, store);
    case '/api/v0/version': return json(response, 200, { Version: '0.1.0', System: 'thole-content-node' });
    case '/api/v0/id': return json(response, 200, { ID: 'thole-content-node', Addresses: [] });
    default: return failure(response, 404, 'no such command');
  }
}
