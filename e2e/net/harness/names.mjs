import { createSocket } from 'node:dgram';
import { once } from 'node:events';

export const RESOLVER = '192.0.2.53';
const TYPE_A = 1;

/** The laboratory's DNS server (RFC 1035): what a name leads to can be changed, and be unanswered. */
export class Names {
  #addresses = new Map();
  /** So many questions get no answer. */
  silent = 0;

  static async serve() {
    const names = new Names();
    names.socket = createSocket('udp4');
    names.socket.on('message', (query, from) => names.#answer(query, from));
    names.socket.bind(53, RESOLVER);
    await once(names.socket, 'listening');
    return names;
  }

  set(name, address) {
    this.#addresses.set(name, address);
  }

  #answer(query, from) {
    if (query.length < 17) return;
    if (this.silent > 0) return void this.silent--;
    const { name, end } = questionOf(query);
    const address = query.readUInt16BE(end) === TYPE_A ? this.#addresses.get(name) : undefined;
    const answer = Buffer.concat([query.subarray(0, end + 4), address ? record(address) : Buffer.alloc(0)]);
    // An answer with authority and recursion; no such name if it is not known, else none of this type.
    answer.writeUInt16BE(0x8580 | (this.#addresses.has(name) ? 0 : 3), 2);
    answer.writeUInt16BE(1, 4);
    answer.writeUInt16BE(address ? 1 : 0, 6);
    answer.writeUInt32BE(0, 8);
    this.socket.send(answer, from.port, from.address);
  }

  close() {
    this.socket.close();
  }
}

function questionOf(query) {
  const labels = [];
  let at = 12;
  while (at < query.length - 5 && query[at] !== 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + query[at]));
    at += 1 + query[at];
  }
  return { name: labels.join('.').toLowerCase(), end: at + 1 };
}

/** The address of the name at offset 12, good for a second. */
function record(address) {
  const bytes = Buffer.from([0xc0, 12, 0, TYPE_A, 0, 1, 0, 0, 0, 1, 0, 4, 0, 0, 0, 0]);
  address.split('.').forEach((byte, index) => (bytes[12 + index] = Number(byte)));
  return bytes;
}
