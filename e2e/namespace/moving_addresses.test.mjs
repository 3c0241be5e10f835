// The addresses of a node's machine come, change and go while it runs: nothing is restarted.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { test } from 'node:test';
import { chromium } from '../harness/browsers.mjs';
import { Meeting } from '../harness/meeting.mjs';
import { Network } from '../harness/network.mjs';
import { NAMESPACE_HOST, NAMESPACE_IPV6, Server } from '../harness/server.mjs';
import { until } from '../harness/wait.mjs';

const LATER = '10.77.0.50';
const PUBLIC = '198.51.100.7';
/** From a change to everything that follows from it. */
const SOON_MS = 2000;

const nodeOf = async (server) => (await server.rest.get('/muster/api/v1/nodes')).body.nodes[0];

/** Waits until the node serves at exactly these addresses, and returns how long that took, ms. */
async function servesAt(server, addresses) {
  const began = Date.now();
  await until(`the node to serve at ${addresses}`, async () => {
    const node = await nodeOf(server);
    if (node.state === 'serving' && String(node.addresses) === String(addresses)) return true;
    throw new Error(`${node.state} at ${node.addresses}: ${node.why.sentence}`);
  }, { every: 20 });
  return Date.now() - began;
}

/** Where this person's browser sends its media. */
async function mediaGoesTo(person) {
  return (await person.call('path', person.id)).remoteAddress;
}

test('a node that starts before there is an address serves as soon as one comes', async (context) => {
  Network.empty();
  context.after(() => Network.restore());
  const environment = { MUSTER_NODE_ALLOW_LOOPBACK: 'false' };
  const server = await Server.start({ mediaAddress: null, environment, status: 'DOWN' });
  context.after(() => server.stop());
  await until('the API to say why', async () => /no usable address/.test((await nodeOf(server)).why.sentence));
  Network.restore();
  const took = await servesAt(server, [NAMESPACE_HOST, NAMESPACE_IPV6]);
  console.log(`from the first address to serving: ${took} ms`);
  assert.ok(took < SOON_MS, `${took} ms`);
  const meeting = await Meeting.open(context, { server });
  const ada = await meeting.publisher(chromium());
  const bob = await meeting.publisher(chromium());
  await Promise.all([ada.seesAndHears(bob), bob.seesAndHears(ada)]);
});

test('an address that comes while a call runs carries the next call, and the call goes on', async (context) => {
  context.after(() => Network.restore());
  const server = await Server.start({ mediaAddress: null });
  context.after(() => server.stop());
  const meeting = await Meeting.open(context, { server });
  const [ada, bob] = [await meeting.publisher(chromium()), await meeting.publisher(chromium())];
  await Promise.all([ada.seesAndHears(bob), bob.seesAndHears(ada)]);
  const before = (await nodeOf(server)).addressesVersion;

  Network.add(`${LATER}/24`);
  const added = await servesAt(server, [NAMESPACE_HOST, LATER, NAMESPACE_IPV6]);
  const node = await nodeOf(server);
  assert.ok(node.addressesVersion > before);
  const entry = node.addressEntries.find(({ ip }) => ip === LATER);
  assert.deepEqual([entry.source, entry.name, entry.proof, entry.advertised], ['interface', 'muster0', 'present', true]);
  await Promise.all([ada.seesAndHears(bob), bob.seesAndHears(ada)]);

  // The old addresses go: who comes now is told the new one only.
  Network.only(LATER);
  const moved = await servesAt(server, [LATER]);
  console.log(`from an address to serving at it: ${added} ms; from its move: ${moved} ms`);
  assert.ok(added < SOON_MS && moved < SOON_MS, `${added} ms, ${moved} ms`);
  const next = await Meeting.open(context, { server });
  const [eve, fay] = [await next.publisher(chromium()), await next.publisher(chromium())];
  await Promise.all([eve.seesAndHears(fay), fay.seesAndHears(eve)]);
  assert.equal(await mediaGoesTo(eve), LATER);
});

test('what metadata says is shown with its source, and what is no address becomes none', async (context) => {
  let says = PUBLIC;
  const service = createServer((request, response) => {
    if (request.method === 'PUT') return void response.end('token');
    if (request.url.endsWith('/public-ipv4')) return void response.end(says);
    response.writeHead(404).end();
  }).listen(0, '127.0.0.1');
  await once(service, 'listening');
  context.after(() => service.close());
  const environment = { MUSTER_NODE_METADATA: `http://127.0.0.1:${service.address().port}/` };
  const server = await Server.start({ mediaAddress: null, environment });
  context.after(() => server.stop());
  const found = await until('the public address', async () => {
    const node = await nodeOf(server);
    return node.addresses.includes(PUBLIC) && node;
  });
  assert.equal(found.addresses[0], PUBLIC);
  assert.deepEqual(found.addressEntries.filter(({ ip }) => ip === PUBLIC).map(({ source }) => source), ['metadata']);
  says = '';
  const odd = await until('the API to name what is odd', async () => {
    const node = await nodeOf(server);
    return node.addressRemarks.length > 0 && node;
  });
  assert.match(odd.addressRemarks[0], /metadata: public-ipv4: expected one IP address, got an empty answer/);
  assert.ok(odd.addresses.includes(PUBLIC), 'one bad answer does not unseat a good one');
  assert.ok(odd.why.evidence.some((fact) => fact.includes(`${PUBLIC}, metadata`)), odd.why.evidence.join('\n'));
});
