import { createSocket } from 'node:dgram';
import { once } from 'node:events';

/** STUN servers of strangers, outside. */
export const REFLECTORS = ['192.0.2.3', '192.0.2.4'];
const COOKIE = 0x2112a442;

/** Answers Binding requests (RFC 8489) with where they came from. */
export class Reflector {
  /** What is answered instead, if anything. */
  lie = undefined;

  static async serve(address) {
    const reflector = new Reflector();
    reflector.socket = createSocket('udp4');
    reflector.socket.on('message', (message, from) => reflector.#answer(message, from));
    reflector.socket.bind(3478, address);
    await once(reflector.socket, 'listening');
    return reflector;
  }

  #answer(request, from) {
    if (request.length < 20 || request.readUInt16BE(0) !== 0x0001) return;
    const answer = Buffer.alloc(32);
    answer.writeUInt16BE(0x0101, 0);
    answer.writeUInt16BE(12, 2);
    request.copy(answer, 4, 4, 20);
    answer.writeUInt16BE(0x0020, 20);
    answer.writeUInt16BE(8, 22);
    answer[25] = 1;
    answer.writeUInt16BE(from.port ^ (COOKIE >>> 16), 26);
    const mapped = (this.lie ?? from.address).split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0);
    answer.writeUInt32BE((mapped ^ COOKIE) >>> 0, 28);
    this.socket.send(answer, from.port, from.address);
  }

  close() {
    this.socket.close();
  }
}
