// A media transport dies while signalling lives: the client's reconnectStream brings the picture back. This file runs
// in a network namespace of its own, where packets of one transport can be dropped; run.mjs makes it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chromium } from '../harness/browsers.mjs';
import { Firewall } from '../harness/firewall.mjs';
import { Meeting } from '../harness/meeting.mjs';
import { Server } from '../harness/server.mjs';
import { SDKS } from '../harness/site.mjs';

/** The browser notices after about 7 s, the SDK waits 4 s more, then both sides make a new transport. */
const REPAIR = { timeout: 40_000 };

/** Drops every packet of one transport, and keeps it from moving to its TCP candidate. */
function cut({ port, tcpPorts }) {
  const moves = tcpPorts.flatMap((tcp) => [`tcp dport ${tcp}`, `tcp sport ${tcp}`]);
  Firewall.drop(`udp sport ${port}`, `udp dport ${port}`, ...moves);
}

/** Where a transport runs at the moment, and the TCP ports it could move to. */
async function whereabouts(person, of) {
  const { port, protocol } = await person.call('path', of.id);
  assert.equal(protocol, 'udp');
  const sdp = await person.call('remoteDescription', of.id);
  const tcpPorts = [...sdp.matchAll(/^a=candidate:\S+ \d+ tcp \d+ \S+ (\d+) /gim)].map((match) => match[1]);
  return { port, tcpPorts: [...new Set(tcpPorts)] };
}

for (const sdk of SDKS) {
  test(`a subscriber whose transport died gets the picture back (${sdk})`, async (context) => {
    const meeting = await Meeting.open(context, { server: await Server.inNamespace() });
    const ada = await meeting.publisher(chromium(), { sdk });
    const bob = await meeting.join(chromium(), { sdk, role: 'SUBSCRIBER' });
    await bob.seesVideoOf(ada);
    const before = await whereabouts(bob, ada);
    cut(before);
    try {
      await bob.hears('exception', { name: 'ICE_CONNECTION_DISCONNECTED' }, REPAIR);
      await bob.seesAndHears(ada, REPAIR);
    } finally {
      Firewall.open();
    }
    const after = await whereabouts(bob, ada);
    assert.notEqual(after.port, before.port, 'the picture must come by a new transport');
    assert.deepEqual(await bob.heard('streamDestroyed'), []);
    const { body } = await meeting.rest.get(meeting.path(`/connection/${bob.id}`));
    assert.equal(body.subscribers.length, 1);
  });

  test(`a publisher whose transport died is seen again by those who watched (${sdk})`, async (context) => {
    const meeting = await Meeting.open(context, { server: await Server.inNamespace() });
    const ada = await meeting.publisher(chromium(), { sdk });
    const bob = await meeting.join(chromium(), { sdk, role: 'SUBSCRIBER' });
    await bob.seesVideoOf(ada);
    const before = await whereabouts(ada, ada);
    cut(before);
    try {
      await ada.hears('exception', { name: 'ICE_CONNECTION_DISCONNECTED' }, REPAIR);
      await bob.seesAndHears(ada, REPAIR);
    } finally {
      Firewall.open();
    }
    const after = await whereabouts(ada, ada);
    assert.notEqual(after.port, before.port, 'the picture must come by a new transport');
    assert.deepEqual(await bob.heard('streamDestroyed'), []);
  });
}
