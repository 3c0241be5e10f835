// A node that is reached by IPv6 alone.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chromium } from '../harness/browsers.mjs';
import { Meeting } from '../harness/meeting.mjs';
import { NAMESPACE_HOST, NAMESPACE_IPV6, Server } from '../harness/server.mjs';

test('two people see and hear each other over IPv6', async (context) => {
  const server = await Server.start({ host: NAMESPACE_HOST, mediaAddress: NAMESPACE_IPV6 });
  const meeting = await Meeting.open(context, { server });
  const ada = await meeting.publisher(chromium());
  const bob = await meeting.publisher(chromium());
  await Promise.all([ada.seesAndHears(bob), bob.seesAndHears(ada)]);
  for (const [person, of] of [[ada, ada], [ada, bob], [bob, bob], [bob, ada]]) {
    const { protocol, remoteAddress } = await person.call('path', of.id);
    assert.deepEqual([protocol, remoteAddress], ['udp', NAMESPACE_IPV6]);
  }
});
