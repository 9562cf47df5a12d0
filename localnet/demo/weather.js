// The bad day: which fault strikes when, by seed. Times are milliseconds after the first request.
//
// Fronts 0, 1, 2 belong to the daemon (primary, backup, public); front 3 is the reader's and is
// never touched. At least one of the daemon's fronts answers truly at every moment.
'use strict';

function schedule(chance, mints) {
  const span = 6000 + mints * 400; // how long the requests and the storm go on
  const at = (share, spread = 0.1) => Math.round(span * (share + (chance.next() - 0.5) * spread));
  const plan = [];
  const add = (when, text, act) => plan.push({ when: Math.max(300, when), text, act });

  const cut = at(0.12);
  add(cut, 'primary RPC is cut', (world) => world.front(0, { refuse: true }));
  add(cut + chance.between(7000, 11000), 'primary RPC is back', (world) => world.front(0, { refuse: false }));

  const slots = chance.between(12, 40);
  const lag = at(0.25);
  add(lag, `backup RPC lags ${slots} slots behind`, (world) => world.front(1, { lag: slots }));
  add(lag + chance.between(9000, 14000), 'backup RPC caught up', (world) => world.front(1, { lag: 0 }));

  const storm = at(0.8);
  const storm_ms = chance.between(3000, 6000);
  add(storm, `429 storm on the public RPC, ${(storm_ms / 1000).toFixed(1)} s`, (world) =>
    world.front(2, { http_429: { until_ms: storm_ms, retry_after: 1 } }));

  // In the last third of the requests: the earlier mints are on their way to the chain by then.
  const content = Math.round(mints * 400 * (0.66 + chance.next() * 0.2));
  add(content, 'second content provider fails', (world) => world.content({ refuse: true }));
  add(content + chance.between(4000, 8000), 'second content provider is back', (world) => world.content({ refuse: false }));

  const lost = chance.between(1, 2);
  for (const front of [1, 2]) {
    add(at(0.3, 0.2), `answer to sendTransaction gets lost (${front === 1 ? 'backup' : 'public'}, ${lost}×)`, (world) =>
      world.front(front, { lose_answers: lost }));
  }

  add(chance.between(1500, 4500), 'daemon gets kill -9', (world) => world.kill());
  add(at(0.65, 0.3), 'daemon gets kill -9', (world) => world.kill());
  return plan.sort((a, b) => a.when - b.when);
}

module.exports = { schedule };
