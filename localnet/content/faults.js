// What the content node is told to do wrong. Set whole or in part by POST /faults on the control
// port; every field off by default.
//
//   refuse        close both listeners and cut what is open; false listens again on the same ports
//   delay_ms      wait before each answer
//   http_503      answer the next n calls with 503
//   corrupt       flip one bit of what the gateway serves
//   lose          forget these CIDs, pin and block; an upload brings one back
const off = () => ({ refuse: false, delay_ms: 0, http_503: 0, corrupt: false });

export class Faults {
  state = off();
  counters = { add: 0, fetch: 0, faulted: 0 };

  set(change) {
    for (const [name, value] of Object.entries(change)) {
      if (name === 'lose') continue; // an act, not a state
      if (!(name in this.state)) throw new Error(`unknown fault ${name}`);
      this.state[name] = value;
    }
    return this.state;
  }

  clear() {
    this.state = off();
  }

  // True when the call was answered here instead of by the node.
  async intercept(response) {
    if (this.state.delay_ms > 0) await new Promise((wake) => setTimeout(wake, this.state.delay_ms));
    if (this.state.http_503 <= 0) return false;
    this.state.http_503 -= 1;
    this.counters.faulted += 1;
    response.writeHead(503, { 'content-type': 'text/plain' }).end('service unavailable\n');
    return true;
  }
}
