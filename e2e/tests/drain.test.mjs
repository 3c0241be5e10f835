// A node is to go: it gets nothing new, what it carries goes on until the deadline, and the operator may think again.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chromium } from '../harness/browsers.mjs';
import { carrierOf } from '../harness/carrier.mjs';
import { Fleet } from '../harness/fleet.mjs';
import { Meeting } from '../harness/meeting.mjs';
import { UNINTERRUPTED_MS, Watch } from '../harness/silence.mjs';
import { until } from '../harness/wait.mjs';

test('a drain with a running call is cancelled, begun again, and over at its deadline', async (context) => {
  const fleet = await Fleet.of(2);
  await fleet.up();
  const { ada, bob } = await call(context, fleet);
  const watch = await Watch.over(ada, bob);
  const leaving = await nameOf(fleet, ada);
  const staying = fleet.names.find((name) => name !== leaving);

  await fleet.drain(leaving);
  assert.deepEqual(await fleet.states(), { [leaving]: 'draining', [staying]: 'serving' });
  const second = await call(context, fleet);
  assert.equal(await nameOf(fleet, second.ada), staying, 'a draining node takes nothing new');

  await fleet.undrain(leaving);
  assert.equal((await fleet.states())[leaving], 'serving');
  // Before the machine is given three more calls to encode.
  const silences = await watch.longestSilences();
  context.diagnostic(`longest silences at Ada and Bob: ${silences} ms`);
  assert.ok(Math.max(...silences) <= UNINTERRUPTED_MS, `no frame arrived for ${silences} ms`);
  const carriers = [];
  for (let more = 0; more < 3; more++) carriers.push(await nameOf(fleet, (await call(context, fleet)).ada));
  assert.ok(carriers.includes(leaving), `a node that stays takes sessions like any other: ${carriers}`);
  assert.deepEqual(await ada.heard('sessionDisconnected'), []);

  await fleet.drain(leaving, { withinSeconds: 3 });
  for (const person of [ada, bob]) await person.hears('sessionDisconnected', { reason: 'sessionClosedByServer' });
  await until('the drained node to be gone', async () => (await fleet.states())[leaving] === undefined);
  assert.deepEqual(await second.ada.heard('sessionDisconnected'), [], 'who is elsewhere notices nothing');
  await second.bob.seesAndHears(second.ada);
});

test('a drained node goes with its last session', async (context) => {
  const fleet = await Fleet.of(1);
  await fleet.up();
  const { meeting } = await call(context, fleet);
  await fleet.drain('node1');
  await meeting.close();
  await until('the drained node to be gone', async () => Object.keys(await fleet.states()).length === 0);
  await fleet.program('node1').exited();
});

async function call(context, fleet) {
  const meeting = await Meeting.open(context, { server: fleet });
  const ada = await meeting.publisher(chromium());
  const bob = await meeting.publisher(chromium());
  await Promise.all([ada.seesAndHears(bob), bob.seesAndHears(ada)]);
  return { meeting, ada, bob };
}

/** The name of the node that somebody publishes to. */
async function nameOf(fleet, person) {
  const carrier = await carrierOf(person);
  return fleet.names.find((name) => fleet.program(name).pid === carrier);
}
