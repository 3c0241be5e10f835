import { once } from 'node:events';
import WebSocket from 'ws';
import { until } from './wait.mjs';

/** A JSON-RPC client that says exactly what it is told to, unlike an SDK. */
export class Rpc {
  #socket;
  #next = 0;
  #waiting = new Map();
  /** Everything the server said without being asked. */
  notifications = [];
  /** Everything the server said, as text. */
  frames = [];

  static async open(url, session = 'any') {
    const rpc = new Rpc();
    rpc.#socket = new WebSocket(`${url.replace(/^http/, 'ws')}/openvidu?sessionId=${session}`, {
      rejectUnauthorized: false,
    });
    rpc.closed = new Promise((resolve) =>
      rpc.#socket.on('close', (code, reason) => resolve({ code, reason: reason.toString() })),
    );
    rpc.#socket.on('error', () => {});
    rpc.#socket.on('message', (data) => rpc.#receive(data.toString()));
    await once(rpc.#socket, 'open');
    return rpc;
  }

  #receive(text) {
    this.frames.push(text);
    const message = JSON.parse(text);
    const waiting = this.#waiting.get(message.id);
    if (waiting === undefined) return void this.notifications.push(message);
    this.#waiting.delete(message.id);
    waiting(message);
  }

  /** Sends a request and returns the whole answer. */
  request(method, params = {}, { timeout = 10_000 } = {}) {
    const id = this.#next++;
    this.send(JSON.stringify({ jsonrpc: '2.0', method, params, id }));
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no answer to ${method} in ${timeout} ms`)), timeout);
      this.#waiting.set(id, (message) => {
        clearTimeout(timer);
        resolve(message);
      });
    });
  }

  /** Sends a request and returns its result; an error is thrown. */
  async result(method, params) {
    const { result, error } = await this.request(method, params);
    if (error) throw new Error(`${method}: ${error.code} ${error.message}`);
    return result;
  }

  /** Sends a request that must be refused and returns the error. */
  async error(method, params) {
    const { result, error } = await this.request(method, params);
    if (!error) throw new Error(`${method} was not refused but answered ${JSON.stringify(result)}`);
    return error;
  }

  joinRoom(token, members = {}) {
    return this.request('joinRoom', {
      token,
      session: new URL(token).searchParams.get('sessionId'),
      platform: 'test',
      sdkVersion: '2.32.2',
      metadata: '',
      secret: '',
      recorder: false,
      stt: false,
      ...members,
    });
  }

  notified(method, timeout = 5000) {
    return until(`notification ${method}`, () => this.notifications.find((n) => n.method === method), { timeout });
  }

  /** Sends a frame as it is. */
  send(data) {
    this.#socket.send(data);
  }

  close() {
    this.#socket.close();
  }

  /** Cuts the connection without a word. */
  drop() {
    this.#socket.terminate();
  }
}
