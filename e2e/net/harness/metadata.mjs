import { createServer } from 'node:http';
import { once } from 'node:events';

const ADDRESS = '169.254.169.254';
const TOKEN = 'a-token-of-the-laboratory';

/**
 * The instance metadata service of the cloud, as EC2's version 2: a token by PUT, then answers by GET. It knows who asks
 * by the address. What it says of a machine's public address can be anything, or nothing.
 */
export class Metadata {
  #said = new Map();

  static async serve() {
    const metadata = new Metadata();
    metadata.server = createServer((request, response) => metadata.#answer(request, response));
    metadata.server.listen(80, ADDRESS);
    await once(metadata.server, 'listening');
    return metadata;
  }

  /** What the machine at this address is told that its public address is; `undefined` for nothing (404). */
  say(machine, address) {
    this.#said.set(machine, address);
  }

  #answer(request, response) {
    const asks = request.socket.remoteAddress;
    const end = (status, body = '') => response.writeHead(status, { 'Content-Type': 'text/plain' }).end(body);
    if (request.method === 'PUT' && request.url === '/latest/api/token') {
      return request.headers['x-aws-ec2-metadata-token-ttl-seconds'] ? end(200, TOKEN) : end(400);
    }
    if (request.headers['x-aws-ec2-metadata-token'] !== TOKEN) return end(401);
    const known = { 'local-ipv4': asks, 'public-ipv4': this.#said.get(asks) };
    const said = known[request.url.replace('/latest/meta-data/', '')];
    return said === undefined ? end(404) : end(200, said);
  }

  close() {
    this.server.close();
    this.server.closeAllConnections();
  }
}
