// What the laboratory's networks do to packets, asked by STUN and TCP: nothing else here could tell an open network from
// one that is not.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { REFLECTORS } from './harness/reflector.mjs';
import { Laboratory } from './harness/laboratory.mjs';

const ASK = fileURLToPath(new URL('harness/ask.mjs', import.meta.url));
/** By which addresses and at how many ports servers outside see one UDP socket, and which TCP ports can be reached. */
const KINDS = {
  open: (home) => ({ addresses: [home.open], ports: 1, tcp: [443, 8443] }),
  nat: (home) => ({ addresses: [home.address], ports: 1, tcp: [443, 8443] }),
  'symmetric nat': (home) => ({ addresses: [home.address], ports: 2, tcp: [443, 8443] }),
  'udp blocked': () => ({ addresses: [], ports: 0, tcp: [443, 8443] }),
  'only 443': () => ({ addresses: [], ports: 0, tcp: [443] }),
};

for (const [kind, expected] of Object.entries(KINDS)) {
  test(`a client's network that is ${kind}`, async (context) => {
    const { homes } = await Laboratory.open();
    const servers = [443, 8443].map((port) => createServer((socket) => socket.destroy()).listen(port, REFLECTORS[0]));
    context.after(() => servers.forEach((server) => server.close()));
    const judged = homes.map(async (home) => {
      home.move(kind);
      assert.deepEqual(await asked(home.host), expected(home));
    });
    await Promise.all(judged);
  });
}

test("a client's network that is lossy", async () => {
  const { homes: [home] } = await Laboratory.open();
  home.move('lossy');
  const { answers } = await said(home.host, Array(200).fill(REFLECTORS[0]));
  // 19 % of the round trips are expected to be lost, with a deviation of 2.8 %.
  assert.ok(answers.length > 120 && answers.length < 190, `${answers.length} of 200 were answered`);
});

test('a machine of the cloud finds itself at its public address', async (context) => {
  const { cloud } = await Laboratory.open();
  const space = cloud.machine('alone');
  cloud.plan('alone', { private: '10.20.0.90', public: '203.0.113.90' });
  const listens = "require('net').createServer((socket) => socket.destroy()).listen(443, () => console.log('open'))";
  const [program, ...args] = [...space.within, process.execPath, '-e', listens];
  const server = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  context.after(() => server.kill('SIGKILL'));
  await once(server.stdout, 'data');
  const { tcp } = await said(space, ['203.0.113.90'], [443]);
  assert.deepEqual(tcp, [443]);
});

async function asked(space) {
  const { answers, tcp } = await said(space, REFLECTORS, [443, 8443]);
  return { addresses: [...new Set(answers.map(({ address }) => address))], ports: new Set(answers.map(({ port }) => port)).size, tcp };
}

/** What a host is told by STUN servers, all asked from one port, and which TCP ports of the first it can reach. */
async function said(space, servers, ports = []) {
  const [program, ...args] = [...space.within, process.execPath, ASK, servers.join(), ports.join()];
  const { stdout } = await promisify(execFile)(program, args);
  return JSON.parse(stdout);
}
