// A network that lets no UDP through: the call goes by TCP to the same port of the node.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chromium } from '../harness/browsers.mjs';
import { Firewall } from '../harness/firewall.mjs';
import { Meeting } from '../harness/meeting.mjs';
import { NAMESPACE_HOST, Server } from '../harness/server.mjs';

test('two people see and hear each other where UDP is blocked', async (context) => {
  Firewall.drop('meta l4proto udp');
  context.after(() => Firewall.open());
  // The master stands in the same network, and gets through by TCP alone, too.
  const server = await Server.start({ host: NAMESPACE_HOST });
  context.after(() => server.stop());
  const meeting = await Meeting.open(context, { server });
  const ada = await meeting.publisher(chromium());
  const bob = await meeting.publisher(chromium());
  const patience = { timeout: 40_000 };
  await Promise.all([ada.seesAndHears(bob, patience), bob.seesAndHears(ada, patience)]);
  for (const [person, of] of [[ada, ada], [ada, bob], [bob, ada]]) {
    const { protocol } = await person.call('path', of.id);
    assert.equal(protocol, 'tcp');
  }
});
