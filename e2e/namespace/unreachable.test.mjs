// A media node that clients could not reach gets no session, the log says why, and it serves once it can be reached.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Firewall } from '../harness/firewall.mjs';
import { NAMESPACE_HOST, Server } from '../harness/server.mjs';
import { until } from '../harness/wait.mjs';

const UNUSED = '10.77.0.99';

test('a node whose media ports are blocked is not used until they are open', async (context) => {
  // None that the system gives to others of its own accord, such as the HTTPS port of this very test.
  Firewall.drop('udp sport 20000-20099', 'tcp sport 20000-20099');
  context.after(() => Firewall.open());
  const server = await Server.start({ host: NAMESPACE_HOST, flags: ['--media-ports', '20000-20099'], status: 'DOWN' });
  context.after(() => server.stop());
  const blocked = new RegExp(`UDP ${NAMESPACE_HOST}:[0-9, ]+: no answer to 5 STUN requests`);
  const node = async () => (await server.rest.get('/muster/api/v1/nodes')).body.nodes[0];
  await until('the API to say why', async () => blocked.test((await node()).why.sentence));
  const noWay = new RegExp(`no way leads to it: UDP to ${NAMESPACE_HOST}: no answer to 5 STUN requests`);
  await until('the log to say why', () => noWay.test(server.tail(400)));
  assert.equal((await node()).state, 'probing');
  assert.ok(await server.says('DOWN'));
  Firewall.open();
  await until('the node to serve', () => server.says('UP'));
  await until('the log to say how', () => / is reached by UDP/.test(server.tail(400)));
});

test('a node whose public address is wrong is not used', async (context) => {
  const server = await Server.start({ host: NAMESPACE_HOST, mediaAddress: UNUSED, status: 'DOWN' });
  context.after(() => server.stop());
  await until('the log to say why', () => server.tail(400).includes(`UDP to ${UNUSED}: `));
  assert.ok(await server.says('DOWN'));
});
