// A network that lets no UDP through: the call goes by TCP to the same port of the node.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chromium } from '../harness/browsers.mjs';
import { Firewall } from '../harness/firewall.mjs';
import { Meeting } from '../harness/meeting.mjs';
import { Server } from '../harness/server.mjs';

test('two people see and hear each other where UDP is blocked', async (context) => {
  // The master stands in the same network and would not find the node either.
  const server = await Server.inNamespace({ environment: { MUSTER_CLUSTER_PROBE: 'false' } });
  const meeting = await Meeting.open(context, { server });
  Firewall.drop('meta l4proto udp');
  context.after(() => Firewall.open());
  const ada = await meeting.publisher(chromium());
  const bob = await meeting.publisher(chromium());
  const patience = { timeout: 40_000 };
  await Promise.all([ada.seesAndHears(bob, patience), bob.seesAndHears(ada, patience)]);
  for (const [person, of] of [[ada, ada], [ada, bob], [bob, ada]]) {
    const { protocol } = await person.call('path', of.id);
    assert.equal(protocol, 'tcp');
  }
});
