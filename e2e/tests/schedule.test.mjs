// A schedule sends the nodes away for the night and brings them back in the morning, by itself. The sample here begins
// at night; `make nights` waits for the evening, too.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chromium } from '../harness/browsers.mjs';
import { Meeting } from '../harness/meeting.mjs';
import { entry, nextMinute } from '../harness/schedule.mjs';
import { Server } from '../harness/server.mjs';
import { until } from '../harness/wait.mjs';

/** A transition comes with the minute; then processes have to start or to end. */
const TRANSITION = { timeout: 90_000 };
const NODES = 2;

test('nodes that a schedule sent away are back with the morning', async (context) => {
  const server = await up();
  const dawn = nextMinute();
  await plan(server, [entry('night', 0, dawn, -5), entry('morning', NODES, dawn)]);
  await nobodyIsThere(server);
  await everybodyIsThere(context, server);
});

test('a schedule runs an evening with a call, a night and a morning', { skip: process.env.NIGHTS === undefined }, async (context) => {
  const server = await up();
  const { meeting, ada, bob } = await call(context, server);
  const dusk = nextMinute();
  await plan(server, [entry('day', NODES, dusk, -5), entry('night', 0, dusk), entry('morning', NODES, dusk, 2)]);
  await until('the drain to begin', async () => (await states(server)).includes('draining'), TRANSITION);
  await until('the idle node to go', async () => (await states(server)).length === 1);
  await Promise.all([ada.seesAndHears(bob), bob.seesAndHears(ada)]);
  await meeting.close();
  await nobodyIsThere(server);
  await everybodyIsThere(context, server, { timeout: 180_000 });
});

async function up() {
  const server = await Server.start({ flags: ['--nodes', String(NODES), '--shards', '1'] });
  await until('all nodes', async () => (await states(server)).length === NODES);
  return server;
}

async function plan(server, entries) {
  const { status, body } = await server.rest.send('PUT', '/muster/api/v1/schedule', { entries });
  assert.equal(status, 200, JSON.stringify(body));
}

/** The states of all nodes that the master knows. */
async function states(server) {
  const { body } = await server.rest.get('/muster/api/v1/nodes');
  return body.nodes.map(({ state }) => state);
}

async function nobodyIsThere(server) {
  await until('every node to be gone', async () => (await states(server)).length === 0, { timeout: 20_000 });
  await until('their processes to end', () => server.processes.length === 1);
}

async function everybodyIsThere(context, server, patience = TRANSITION) {
  await until('all nodes to be back', async () => {
    const found = await states(server);
    return found.length === NODES && found.every((state) => state === 'serving');
  }, patience);
  await call(context, server);
}

async function call(context, server) {
  const meeting = await Meeting.open(context, { server });
  const ada = await meeting.publisher(chromium());
  const bob = await meeting.publisher(chromium());
  await Promise.all([ada.seesAndHears(bob), bob.seesAndHears(ada)]);
  return { meeting, ada, bob };
}
