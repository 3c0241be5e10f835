// Nodes as no operator would want them: each ends in a sentence that says what is wrong, and in calls that work.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chromium } from '../harness/browsers.mjs';
import { clockAhead } from '../harness/clock.mjs';
import { Fleet } from '../harness/fleet.mjs';
import { Meeting } from '../harness/meeting.mjs';

const TEN_MINUTES = 600;
/** Exit code of a node whose name was taken over. */
const SUPERSEDED = 3;

test('a machine is cloned: the later process of one node takes over, the earlier ends and says why', async (context) => {
  const fleet = await Fleet.of(1);
  await fleet.up();
  const first = fleet.program('node1');
  fleet.clone('node1', 'clone');
  const clone = fleet.startNode('clone', { id: 'node1' });
  assert.equal(await first.exited(), SUPERSEDED, fleet.tail());
  assert.match(first.tail(), /the master has let this process go.*later/);
  await fleet.serves(1);
  assert.deepEqual(Object.keys(await fleet.states()), ['node1']);
  await aCallWorks(context, fleet);
  assert.ok(clone.runs);
});

test('nodes whose clocks are ten minutes off join and serve', async (context) => {
  const fleet = await Fleet.of(2);
  fleet.startMaster();
  await fleet.answers();
  fleet.admit();
  fleet.startNode('node1', { environment: clockAhead(TEN_MINUTES) });
  fleet.startNode('node2', { environment: clockAhead(-TEN_MINUTES) });
  await fleet.serves(2);
  for (let session = 0; session < 2; session++) await aCallWorks(context, fleet);
  assert.ok(clockOf(fleet.program('node1')) > Date.now() + (TEN_MINUTES - 60) * 1000, 'its clock must be off');
});

test('a master whose clock jumps ten minutes back between two runs knows its nodes and its calls', async (context) => {
  const fleet = await Fleet.of(1, { environment: clockAhead(TEN_MINUTES) });
  await fleet.up();
  const meeting = await Meeting.open(context, { server: fleet });
  const ada = await meeting.publisher(chromium());
  const bob = await meeting.publisher(chromium());
  await Promise.all([ada.seesAndHears(bob), bob.seesAndHears(ada)]);
  await fleet.program('master').end('SIGKILL');
  fleet.environment = {};
  fleet.startMaster();
  await Promise.all([ada, bob].map((person) => person.hears('reconnected', {}, { timeout: 20_000 })));
  await Promise.all([ada.seesAndHears(bob), bob.seesAndHears(ada)]);
  await fleet.serves(1);
});

async function aCallWorks(context, fleet) {
  const meeting = await Meeting.open(context, { server: fleet });
  const ada = await meeting.publisher(chromium());
  const bob = await meeting.publisher(chromium());
  await Promise.all([ada.seesAndHears(bob), bob.seesAndHears(ada)]);
}

/** What a process took for the time at its start, by its log. */
function clockOf(program) {
  return Date.parse(/^\d{4}-\S+Z/m.exec(program.tail())[0]);
}
