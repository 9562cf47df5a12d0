// GET /ipfs/{cid}: the file's bytes; ?format=raw: one block; ?format=car: all of them.
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { walk, writeCar } from './car.js';
import { CID } from './store.js';

const plain = (response, status, text) =>
  response.writeHead(status, { 'content-type': 'text/plain' }).end(`${text}\n`);

async function sendCar(request, response, root, store, scope, faults) {
  response.writeHead(200, { 'content-type': 'application/vnd.ipld.car; version=1; order=dfs; dups=n' });
  if (request.method === 'HEAD') return response.end();
  const get = async (cid) => {
    const block = await store.block(cid);
    if (faults.state.corrupt && block.length > 0) {
      block[block.length >> 1] ^= 1;
      faults.counters.faulted += 1;
    }
    return block;
  };
  // A block that is lost on the way cuts the connection.
  return pipeline(Readable.from(writeCar(root, walk(root, get, { below: scope !== 'block' }))), response);
}

export async function gateway(request, response, store, faults) {
  const url = new URL(request.url, 'http://localhost');
  const path = /^\/ipfs\/([^/]+)$/.exec(url.pathname);
  if (!path) return plain(response, 404, 'only /ipfs/{cid}');
  if (!['GET', 'HEAD'].includes(request.method)) return plain(response, 405, 'only GET and HEAD');
  let cid;
  try {
    cid = CID.parse(path[1]);
  } catch {
    return plain(response, 400, 'not a CID');
  }
  faults.counters.fetch += 1;
  if (!(await store.has(cid))) return plain(response, 404, 'not held here');
  const asks = (format) => url.searchParams.get('format') === format ||
    (request.headers.accept ?? '').includes(`application/vnd.ipld.${format}`);
  if (asks('car')) return sendCar(request, response, cid, store, url.searchParams.get('dag-scope'), faults);
  const raw = asks('raw');
  const body = raw ? await store.block(cid) : await store.file(cid);
  if (faults.state.corrupt && body.length > 0) {
    body[body.length >> 1] ^= 1;
    faults.counters.faulted += 1;
  }
  response.writeHead(200, {
    'content-type': raw ? 'application/vnd.ipld.raw' : 'application/octet-stream',
    'content-length': body.length,
    etag: `"${store.text(cid)}"`,
    'cache-control': 'public, max-age=29030400, immutable',
  });
  return response.end(request.method === 'HEAD' ? undefined : body);
}
