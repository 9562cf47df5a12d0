// Asks the daemon for a mint: content first, then the mint that names it. Repeats both through the
// daemon's deaths with the same key, so that asking twice is asking once.
'use strict';

async function submit(daemon, request) {
  const content = await daemon.insist('POST', '/api/v1/content', {
    headers: { 'content-type': 'image/png', 'content-length': request.image.length },
    body: request.image,
  });
  if (![200, 201].includes(content.status)) {
    throw new Error(`content of ${request.key} refused: ${JSON.stringify(content.value)}`);
  }
  const body = JSON.stringify({ ...request.body, image: content.value.cid });
  const answer = await daemon.insist('POST', '/api/v1/mints', {
    headers: {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      'idempotency-key': request.key,
    },
    body,
  });
  if (![200, 202].includes(answer.status)) {
    throw new Error(`mint ${request.key} refused: ${JSON.stringify(answer.value)}`);
  }
  return answer.value;
}

// A call that failed at one endpoint and did not end the step: the next endpoint took over. Our own
// refusals (an open breaker, a limiter) are no calls.
const isFailover = ({ endpoint, fault }) => Boolean(endpoint && fault) && !fault.startsWith('policy.');

// What the operation's own timeline says about its troubles.
async function troubles(daemon, id) {
  let attempts = 0;
  let failovers = 0;
  let after = 0;
  for (;;) {
    const answer = await daemon.insist('GET', `/api/v1/operations/${id}/events?after=${after}&limit=500`);
    const { events } = answer.value;
    if (events.length === 0) return { attempts, failovers };
    for (const event of events) {
      after = Math.max(after, event.seq);
      attempts = Math.max(attempts, event.attempt ?? 0);
      failovers += (event.data?.notes ?? []).filter(isFailover).length;
    }
  }
}

module.exports = { isFailover, submit, troubles };
