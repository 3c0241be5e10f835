import { createServer } from 'node:net';
import { once } from 'node:events';

/** Below those that systems give to connections, so that a program finds its port free whenever it is started anew. */
const [FIRST, COUNT] = [21_000, 11_000];
/** Runs of tests beside each other begin elsewhere. */
let next = (process.pid * 37) % COUNT;

/** A TCP port of the loopback address that nobody listens on at the moment. */
export async function freePort() {
  for (let tries = 0; tries < COUNT; tries++) {
    const port = FIRST + next;
    next = (next + 1) % COUNT;
    if (await isFree(port)) return port;
  }
  throw new Error(`no port from ${FIRST} on is free`);
}

async function isFree(port) {
  const server = createServer();
  server.listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}
