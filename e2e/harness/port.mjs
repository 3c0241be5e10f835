import { createServer } from 'node:net';
import { once } from 'node:events';

/** A TCP port of the loopback address that nobody listens on at the moment. */
export async function freePort() {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}
