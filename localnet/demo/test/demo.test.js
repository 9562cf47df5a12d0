'use strict';
const assert = require('node:assert/strict');
const { test } = require('node:test');
const { inflateSync } = require('node:zlib');
const { random } = require('../random.js');
const { requests } = require('../request.js');
const { table } = require('../screen.js');
const { schedule } = require('../weather.js');

test('a seed gives the same requests and the same weather', () => {
  const run = (seed) => {
    const chance = random(seed);
    const made = requests(5, chance).map(({ body, imageSha256 }) => ({ body, imageSha256 }));
    return JSON.stringify([made, schedule(chance, 5).map(({ when, text }) => [when, text])]);
  };
  assert.equal(run(7), run(7));
  assert.notEqual(run(7), run(8));
});

test('images are well-formed PNGs of their own', () => {
  const made = requests(4, random(3));
  assert.equal(new Set(made.map(({ imageSha256 }) => imageSha256)).size, 4);
  for (const { image } of made) {
    assert.equal(image.subarray(1, 4).toString(), 'PNG');
    const width = image.readUInt32BE(16);
    const at = image.indexOf('IDAT');
    const data = image.subarray(at + 4, at + 4 + image.readUInt32BE(at - 4));
    assert.equal(inflateSync(data).length, (width * 3 + 1) * width);
  }
});

test('the weather holds every fault of the bad day', () => {
  for (let seed = 0; seed < 50; seed += 1) {
    const plan = schedule(random(seed), 12);
    for (const word of ['cut', 'lags', '429', 'content provider fails', 'gets lost', 'kill -9']) {
      assert.ok(plan.some(({ text }) => text.includes(word)), `${word} in seed ${seed}`);
    }
    assert.deepEqual(plan.map(({ when }) => when), plan.map(({ when }) => when).sort((a, b) => a - b));
  }
});

test('columns are as wide as their widest cell', () => {
  assert.equal(table(['a', 'bb'], [['xxx', 1]]), 'a    bb\n───  ──\nxxx  1');
});

test('a failed call counts as a failover, our own refusals do not', () => {
  const { isFailover } = require('../mint.js');
  assert.equal(isFailover({ endpoint: 'primary', fault: 'net.connection_refused' }), true);
  assert.equal(isFailover({ endpoint: 'primary', fault: 'policy.breaker_open' }), false);
  assert.equal(isFailover({ endpoint: 'primary', fault: '' }), false);
});
