// A way to a node that ceases to work is not told to those who come then, and is again when it works.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chromium } from '../harness/browsers.mjs';
import { Firewall } from '../harness/firewall.mjs';
import { Meeting } from '../harness/meeting.mjs';
import { Rpc } from '../harness/rpc.mjs';
import { NAMESPACE_HOST, Server } from '../harness/server.mjs';
import { until } from '../harness/wait.mjs';

/** Two looks at a path, ten seconds apart at most, that each wait for an answer, and what a loaded machine adds. */
const NOTICED = { timeout: 30_000, every: 250 };

/** The protocols of the node's candidates in what somebody was told. */
async function told(person, of) {
  const sdp = await person.call('remoteDescription', of.id);
  const candidates = [...sdp.matchAll(/^a=candidate:\S+ \d+ (\S+) \d+ (\S+)/gm)];
  assert.ok(candidates.every(([, , address]) => address === NAMESPACE_HOST), sdp);
  return [...new Set(candidates.map(([, protocol]) => protocol.toLowerCase()))].sort();
}

test('UDP that is blocked is not told to those who join, and is again when it is open', async (context) => {
  const server = await Server.start({ host: NAMESPACE_HOST });
  context.after(() => server.stop());
  const meeting = await Meeting.open(context, { server });
  context.after(() => Firewall.open());
  const reach = async () => (await server.rest.get('/muster/api/v1/reachability')).body.nodes[0];
  const withheld = async () => (await reach()).withheld.filter(({ relay }) => relay === null).map(({ protocol }) => protocol);

  const ada = await meeting.publisher(chromium());
  assert.deepEqual(await told(ada, ada), ['tcp', 'udp']);
  assert.equal((await reach()).verdict, 'serves');

  Firewall.drop('meta l4proto udp');
  const blocked = Date.now();
  await until('UDP to be withheld', async () => (await withheld()).includes('udp'), NOTICED);
  context.diagnostic(`UDP was withheld ${((Date.now() - blocked) / 1000).toFixed(1)} s after it was blocked`);
  const { sentence, state, paths } = await reach();
  assert.equal(state, 'serving');
  // The relay that is reached by UDP is lost with it.
  assert.match(sentence, /serves without UDP to 10\.77\.0\.1(; .*)?: UDP to 10\.77\.0\.1: /);
  assert.ok(paths.some(({ path, good, stage }) => path.protocol === 'udp' && !good && ['send', 'echo'].includes(stage)));
  const bob = await meeting.publisher(chromium());
  assert.deepEqual(await told(bob, bob), ['tcp']);
  await until('his media to go by TCP', async () => (await bob.call('path', bob.id)).protocol === 'tcp');

  Firewall.open();
  const open = Date.now();
  await until('UDP to be told again', async () => (await withheld()).length === 0, NOTICED);
  context.diagnostic(`UDP was told again ${((Date.now() - open) / 1000).toFixed(1)} s after it was open`);
  const cyd = await meeting.publisher(chromium());
  assert.deepEqual(await told(cyd, cyd), ['tcp', 'udp']);
  await Promise.all([cyd.seesAndHears(bob), bob.seesAndHears(cyd)]);
});

test('a relay that is blocked is not handed out to those who join, and is again when it is open', async (context) => {
  const server = await Server.start({ host: NAMESPACE_HOST });
  context.after(() => server.stop());
  context.after(() => Firewall.open());
  const reach = async () => (await server.rest.get('/muster/api/v1/reachability')).body.nodes[0];
  const relays = async () => (await reach()).withheld.filter(({ relay }) => relay !== null);
  /** What somebody who joins now is told. */
  const handedOut = async () => {
    const { body: { id: session } } = await server.rest.post('/openvidu/api/sessions', {});
    const { body: { token } } = await server.rest.post(`/openvidu/api/sessions/${session}/connection`, {});
    const rpc = await Rpc.open(server.url);
    try {
      const { result } = await rpc.joinRoom(token);
      return result.customIceServers.map(({ url }) => url);
    } finally {
      await rpc.close();
    }
  };

  await until('media to have come back through every relay', async () => {
    const through = (await reach()).paths.filter(({ path }) => path.relay !== null);
    return through.length >= 3 && through.every(({ good, call }) => good && call);
  }, NOTICED);
  const all = await handedOut();
  const [udp] = all.filter((url) => url.startsWith(`turn:${NAMESPACE_HOST}:`) && url.endsWith('?transport=udp'));
  const port = new URL(udp.replace('turn:', 'turn://')).port;
  assert.ok(all.length >= 3, all.join());

  Firewall.drop(`udp dport ${port}`);
  const blocked = Date.now();
  await until('the relay to be withheld', async () => (await relays()).length > 0, NOTICED);
  context.diagnostic(`it was withheld ${((Date.now() - blocked) / 1000).toFixed(1)} s after it was blocked`);
  const { sentence, state, paths } = await reach();
  assert.equal(state, 'serving');
  assert.match(sentence, new RegExp(`serves without the relay of .* at 10\\.77\\.0\\.1:${port} by UDP: .*did not answer 5 requests for an address`));
  assert.ok(paths.some(({ path, good, stage }) => path.relay !== null && path.protocol === 'udp' && !good && stage === 'relay'));
  assert.deepEqual(await handedOut(), all.filter((url) => url !== udp));

  Firewall.open();
  await until('the relay to be told again', async () => (await relays()).length === 0, NOTICED);
  assert.deepEqual(await handedOut(), all);
});
