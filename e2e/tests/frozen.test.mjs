// Processes that stand still for a while and go on, as under a debugger or on an overcommitted host: nobody who is
// alive is put out, and media goes on.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { chromium } from '../harness/browsers.mjs';
import { carrierOf } from '../harness/carrier.mjs';
import { Fleet } from '../harness/fleet.mjs';
import { Meeting } from '../harness/meeting.mjs';
import { UNINTERRUPTED_MS, Watch } from '../harness/silence.mjs';
import { sleep } from '../harness/wait.mjs';

/** Three times the ten seconds after which a node that gives no sign of life may be taken for dead. */
const LONG_MS = 30_000;
/** Shorter than a browser needs to give a transport up. */
const SHORT_MS = 3000;

// They wait most of the time, so they wait together.
suite('processes that stand still', { concurrency: true }, () => {
  test('a master stands still for 30 s in a call, and nobody notices', async (context) => {
    const { fleet, meeting, ada, bob } = await call(context);
    const watch = await Watch.over(ada, bob);
    await freeze([fleet.program('master')], LONG_MS);
    await fleet.serves(2, 40_000);
    await bob.call('signal', { type: 'chat', data: 'after the freeze' });
    await ada.hears('signal', { data: 'after the freeze' }, { timeout: 30_000 });
    const silences = await watch.longestSilences();
    context.diagnostic(`longest silences at Ada and Bob: ${silences} ms`);
    assert.ok(Math.max(...silences) <= UNINTERRUPTED_MS, `no frame arrived for ${silences} ms`);
    await nobodyLeft(meeting, [ada, bob]);
  });

  test('all nodes stand still for 3 s in a call, which then goes on by the same transports', async (context) => {
    const { fleet, meeting, ada, bob } = await call(context);
    const [before, watch] = [await bob.received(ada), await Watch.over(ada, bob)];
    await freeze(fleet.nodes, SHORT_MS);
    await Promise.all([ada.seesAndHears(bob), bob.seesAndHears(ada)]);
    const silences = await watch.longestSilences();
    assert.ok(Math.min(...silences) >= SHORT_MS - 500, `a watch that sees ${silences} ms of it sees nothing`);
    const after = await bob.received(ada);
    assert.ok(after.framesDecoded > before.framesDecoded, 'the transport must be the same as before');
    await fleet.serves(2);
    await nobodyLeft(meeting, [ada, bob]);
  });

  test('all nodes stand still for 30 s in a call, which then comes back', async (context) => {
    const { fleet, meeting, ada, bob } = await call(context);
    await freeze(fleet.nodes, LONG_MS);
    await comesBack(context, ada, bob);
    await fleet.serves(2, 40_000);
    await nobodyLeft(meeting, [ada, bob]);
  });

  test('the node of a call stands still for 30 s, and the call moves to the other one', async (context) => {
    const { fleet, meeting, ada, bob } = await call(context);
    const carrier = await carrierOf(ada);
    const node = fleet.nodes.find(({ pid }) => pid === carrier);
    await freeze([node], LONG_MS);
    await comesBack(context, ada, bob);
    assert.notEqual(await carrierOf(ada), carrier);
    await fleet.serves(2, 40_000);
    await nobodyLeft(meeting, [ada, bob]);
  });
});

async function freeze(programs, milliseconds) {
  for (const program of programs) program.signal('SIGSTOP');
  await sleep(milliseconds);
  for (const program of programs) program.signal('SIGCONT');
}

async function comesBack(context, ada, bob) {
  const since = performance.now();
  const patience = { timeout: 60_000 };
  await Promise.all([ada.seesAndHears(bob, patience), bob.seesAndHears(ada, patience)]);
  context.diagnostic(`both pictures were there ${((performance.now() - since) / 1000).toFixed(1)} s after the freeze`);
}

async function call(context) {
  const fleet = await Fleet.of(2);
  await fleet.up();
  const meeting = await Meeting.open(context, { server: fleet });
  const ada = await meeting.publisher(chromium(), { sdk: '2.24.0' });
  const bob = await meeting.publisher(chromium(), { sdk: '2.32.2' });
  await Promise.all([ada.seesAndHears(bob), bob.seesAndHears(ada)]);
  return { fleet, meeting, ada, bob };
}

async function nobodyLeft(meeting, people) {
  for (const person of people) {
    for (const farewell of ['streamDestroyed', 'connectionDestroyed', 'sessionDisconnected']) {
      assert.deepEqual(await person.heard(farewell), [], farewell);
    }
  }
  const { body } = await meeting.rest.get(meeting.path());
  assert.equal(body.connections.numberOfElements, people.length);
}
