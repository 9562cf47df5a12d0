'use strict';
// Errors as a node answers them. Codes after agave's rpc-client-api custom_error.rs.
class RpcError extends Error {
  constructor(code, message, data) {
    super(message);
    this.code = code;
    this.data = data;
  }
  json() {
    return { code: this.code, message: this.message, ...(this.data === undefined ? {} : { data: this.data }) };
  }
}

// Thrown where the answer has to get lost: the connection ends without a byte.
class AnswerLost extends Error {}

const invalid = (text) => new RpcError(-32602, text);
const unhealthy = (slots) =>
  new RpcError(-32005, slots === null ? 'Node is unhealthy' : `Node is behind by ${slots} slots`, { numSlotsBehind: slots });

module.exports = { RpcError, AnswerLost, invalid, unhealthy };
