// Asks from within a namespace what others see of it, and prints that as JSON: where STUN servers see one UDP socket, in
// the order of their answers, and which TCP ports of the first server can be reached. Waits for a second.
//   node ask.mjs SERVER[,SERVER…] [PORT,…]
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';

const COOKIE = 0x2112a442;
const [servers, ports] = process.argv.slice(2).map((list) => list.split(',').filter(Boolean));
const answers = [];
const tcp = [];

const socket = createSocket('udp4');
socket.on('message', (message) => {
  const mapped = (message.readUInt32BE(28) ^ COOKIE) >>> 0;
  const address = [24, 16, 8, 0].map((shift) => (mapped >>> shift) & 255).join('.');
  answers.push({ address, port: message.readUInt16BE(26) ^ (COOKIE >>> 16) });
});
socket.bind(0, () => {
  const request = Buffer.alloc(20);
  request.writeUInt16BE(1, 0);
  request.writeUInt32BE(COOKIE, 4);
  for (const server of servers) socket.send(request, 3478, server);
});
for (const port of ports.map(Number)) {
  connect(port, servers[0]).on('connect', () => tcp.push(port)).on('error', () => {});
}

setTimeout(() => {
  console.log(JSON.stringify({ answers, tcp: tcp.sort((one, other) => one - other) }));
  process.exit();
}, 1000);
