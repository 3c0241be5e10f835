// A way from one network namespace into another: what comes in at FROM goes out at TO. Each is a path of a Unix socket,
// which namespaces of networks do not part, or a port of this namespace's loopback address. Runs until it is killed.
//   node door.mjs FROM TO
import { connect, createServer } from 'node:net';

const end = (text) => (/^\d+$/.test(text) ? { port: Number(text), host: '127.0.0.1' } : { path: text });
const [from, to] = process.argv.slice(2).map(end);
const server = createServer((near) => {
  const far = connect(to);
  for (const [one, other] of [[near, far], [far, near]]) {
    one.on('error', () => {});
    one.on('close', () => other.destroy());
    one.pipe(other);
  }
});
server.listen(from, () => console.log('open'));
