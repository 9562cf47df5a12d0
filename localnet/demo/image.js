// A picture per mint: concentric waves in two colours, as a PNG written by hand (zlib and CRC only).
'use strict';
const { deflateSync, crc32 } = require('node:zlib');

function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const out = Buffer.alloc(body.length + 8);
  out.writeUInt32BE(data.length, 0);
  body.copy(out, 4);
  out.writeUInt32BE(crc32(body), body.length + 4);
  return out;
}

function png(width, height, pixel) {
  const raw = Buffer.alloc((width * 3 + 1) * height);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      raw.set(pixel(x, y), y * (width * 3 + 1) + 1 + x * 3);
    }
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8); // 8 bits, RGB
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(raw)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

// Size varies so that some images span several 256 KiB chunks of a DAG and some fit in one.
function picture(chance) {
  const side = chance.pick([96, 200, 320]);
  const [from, to] = [chance.bytes(3), chance.bytes(3)];
  const centre = [chance.below(side), chance.below(side)];
  const period = 8 + chance.below(24);
  const grain = side > 300 ? 40 : 4;
  return png(side, side, (x, y) => {
    const distance = Math.hypot(x - centre[0], y - centre[1]);
    const share = (1 + Math.sin(distance / period)) / 2;
    return from.map((value, i) => Math.min(255, value * share + to[i] * (1 - share) + chance.below(grain)));
  });
}

module.exports = { picture, png };
