// No way leads to the ports of media: the call goes through the relay of the node that serves it, which hands what it
// relays over within its process. The last metre is the network's, so nothing but the relay's port may be let through.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chromium, firefox } from '../harness/browsers.mjs';
import { Firewall } from '../harness/firewall.mjs';
import { Meeting } from '../harness/meeting.mjs';
import { NAMESPACE_HOST, Server } from '../harness/server.mjs';
import { until } from '../harness/wait.mjs';

const PATIENCE = { timeout: 40_000 };

test('Chromium and Firefox see and hear each other through the relay of their node', async (context) => {
  // The master stands in the same network and would not find the media ports either.
  const server = await Server.start({ host: NAMESPACE_HOST, environment: { MUSTER_CLUSTER_PROBE: 'false' } });
  const { body } = await server.rest.get('/muster/api/v1/nodes');
  const [{ id, mediaPorts }] = body.nodes;
  Firewall.drop(`udp dport {${mediaPorts.join()}}`, `tcp dport {${mediaPorts.join()}}`);
  context.after(() => Firewall.open());
  const meeting = await Meeting.open(context, { server });
  const ada = await meeting.publisher(chromium());
  const bob = await meeting.publisher(firefox());
  await Promise.all([ada.seesAndHears(bob, PATIENCE), bob.seesAndHears(ada, PATIENCE)]);
  for (const [person, of] of [[ada, ada], [ada, bob], [bob, bob], [bob, ada]]) {
    const { type, relayProtocol } = await person.call('path', of.id);
    assert.deepEqual([type, relayProtocol], ['relay', 'udp']);
  }
  let figures;
  // Nodes tell their counters with their heartbeats.
  await until('the relay to have counted the call', async () => {
    figures = await metrics(server);
    const relayed = ['to_peers', 'to_clients'].map((direction) =>
      figures.get(`muster_relay_packets_total{relay="${id}",direction="${direction}"}`));
    const allocations = figures.get(`muster_relay_allocations{relay="${id}"}`);
    const transports = figures.get(`muster_relay_transports{relay="${id}"}`);
    if (relayed.every((packets) => packets > 100) && allocations >= 4 && transports === 4) return true;
    throw new Error(`${relayed} packets, ${allocations} allocations, ${transports} transports`);
  });
  assert.equal(figures.get('muster_sessions'), 1);
});

/** What Prometheus would read, by name and labels. */
async function metrics(server) {
  const { body } = await server.rest.get('/muster/api/v1/metrics');
  const lines = body.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]));
}
