// A server that is told no address finds those of the machine, as after `make run`.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chromium, firefox } from '../harness/browsers.mjs';
import { Meeting } from '../harness/meeting.mjs';
import { NAMESPACE_HOST, NAMESPACE_IPV6, Server } from '../harness/server.mjs';

test('Chromium and Firefox see and hear each other by the addresses that the node found', async (context) => {
  const server = await Server.start({ host: NAMESPACE_HOST, mediaAddress: null });
  const meeting = await Meeting.open(context, { server });
  const ada = await meeting.publisher(chromium());
  const bob = await meeting.publisher(firefox());
  await Promise.all([ada.seesAndHears(bob), bob.seesAndHears(ada)]);
  for (const [person, of] of [[ada, ada], [ada, bob], [bob, bob], [bob, ada]]) {
    const { protocol, remoteAddress } = await person.call('path', of.id);
    assert.equal(protocol, 'udp');
    assert.ok([NAMESPACE_HOST, NAMESPACE_IPV6].includes(remoteAddress), remoteAddress);
  }
});
