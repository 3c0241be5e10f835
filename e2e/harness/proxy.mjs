import { connect, createServer } from 'node:net';
import { once } from 'node:events';

/** A TCP forwarder between a client and the server, which can be cut. */
export class Proxy {
  #sockets = new Set();
  #open = true;

  static async to(port) {
    const proxy = new Proxy();
    proxy.server = createServer((client) => proxy.#forward(client, port));
    proxy.server.listen(0, '127.0.0.1');
    await once(proxy.server, 'listening');
    proxy.port = proxy.server.address().port;
    return proxy;
  }

  #forward(client, port) {
    if (!this.#open) return client.resetAndDestroy();
    const server = connect(port, '127.0.0.1');
    for (const [from, to] of [[client, server], [server, client]]) {
      this.#sockets.add(from);
      from.on('error', () => {});
      from.on('close', () => {
        this.#sockets.delete(from);
        to.destroy();
      });
      from.pipe(to);
    }
  }

  /** Resets every connection and refuses new ones until {@link restore}. */
  cut() {
    this.#open = false;
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  restore() {
    this.#open = true;
  }

  close() {
    this.cut();
    this.server.close();
  }
}
