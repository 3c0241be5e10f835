// The master may die and come back; calls go on. And Ctrl-C ends everything that was started.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chromium } from '../harness/browsers.mjs';
import { Fleet } from '../harness/fleet.mjs';
import { Meeting } from '../harness/meeting.mjs';
import { alive } from '../harness/process.mjs';
import { Server } from '../harness/server.mjs';
import { UNINTERRUPTED_MS, Watch } from '../harness/silence.mjs';
import { sleep, until } from '../harness/wait.mjs';

/** How long the master stays away. */
const DOWN_MS = 5000;
/** Clients try every three seconds to reach a master that is gone. */
const RETURN = { timeout: 20_000 };

test('a call survives the death of its master, and so do its session, its tokens and its people', async (context) => {
  const server = await Server.start();
  const meeting = await Meeting.open(context, { server, properties: { customSessionId: 'survivor' } });
  const ada = await meeting.publisher(chromium(), { sdk: '2.24.0', data: 'Ada' });
  const bob = await meeting.publisher(chromium(), { sdk: '2.32.2', data: 'Bob' });
  await Promise.all([ada.seesAndHears(bob), bob.seesAndHears(ada)]);
  const { token } = await meeting.rest.connection(meeting.session, { data: 'made before' });
  const nodes = server.processes.filter((pid) => pid !== server.pid);
  assert.ok(nodes.length >= 1, 'the media node must be a process of its own');
  const before = await described(meeting);
  const watch = await Watch.over(ada, bob);

  await server.killMaster();
  await sleep(DOWN_MS);
  await server.run();
  await Promise.all([ada, bob].map((person) => person.hears('reconnected', {}, RETURN)));
  assert.deepEqual(await described(meeting), before);
  assert.ok(nodes.every(alive), 'the node must have reattached, not been replaced');
  await bob.call('signal', { type: 'chat', data: 'still here' });
  await ada.hears('signal', { data: 'still here', from: bob.id });

  const carl = await meeting.enter(chromium(), token);
  carl.stream = await carl.publish();
  await Promise.all([carl.seesAndHears(ada), carl.seesAndHears(bob), ada.seesVideoOf(carl), bob.seesVideoOf(carl)]);
  const silences = await watch.longestSilences();
  context.diagnostic(`longest silences at Ada and Bob: ${silences} ms`);
  assert.ok(Math.max(...silences) <= UNINTERRUPTED_MS, `no frame arrived for ${silences} ms`);

  await bob.leave();
  for (const person of [ada, carl]) await person.hears('connectionDestroyed', { connection: bob.id });
  for (const person of [ada, carl]) assert.equal((await person.heard('streamDestroyed')).length, 1, 'only Bob went');
});

test('a call survives the restart of its master by a service manager', async (context) => {
  const fleet = await Fleet.of(1);
  await fleet.up();
  const meeting = await Meeting.open(context, { server: fleet });
  const ada = await meeting.publisher(chromium(), { sdk: '2.24.0' });
  const bob = await meeting.publisher(chromium(), { sdk: '2.32.2' });
  await Promise.all([ada.seesAndHears(bob), bob.seesAndHears(ada)]);
  const before = await described(meeting);
  const watch = await Watch.over(ada, bob);

  assert.equal(await fleet.program('master').end('SIGTERM'), false, 'it must end by itself');
  fleet.startMaster();
  await fleet.serves(1);
  await Promise.all([ada, bob].map((person) => person.hears('reconnected', {}, RETURN)));
  assert.deepEqual(await described(meeting), before);
  const silences = await watch.longestSilences();
  context.diagnostic(`longest silences at Ada and Bob: ${silences} ms`);
  assert.ok(Math.max(...silences) <= UNINTERRUPTED_MS, `no frame arrived for ${silences} ms`);
  for (const person of [ada, bob]) assert.deepEqual(await person.heard('sessionDisconnected'), []);
});

/** The session as the REST API describes it. */
async function described(meeting) {
  const { status, body } = await meeting.rest.get(meeting.path());
  assert.equal(status, 200);
  return body;
}

test('a master of a call that everybody left while it was dead forgets them', async (context) => {
  const server = await Server.start();
  const meeting = await Meeting.open(context, { server });
  const ada = await meeting.publisher(chromium());
  const bob = await meeting.publisher(chromium());
  await Promise.all([ada.seesVideoOf(bob), bob.seesVideoOf(ada)]);
  await server.killMaster();
  await bob.close();
  await server.run();
  await ada.hears('reconnected', {}, RETURN);
  await ada.hears('connectionDestroyed', { connection: bob.id, reason: 'networkDisconnect' }, { timeout: 40_000 });
  const { body } = await meeting.rest.get(meeting.path());
  assert.deepEqual(body.connections.content.map(({ connectionId }) => connectionId), [ada.id]);
});

test('two nodes of one machine carry calls side by side', async (context) => {
  const server = await Server.start({ flags: ['--nodes', '2', '--shards', '1'] });
  await until('both nodes', () => server.processes.length >= 3);
  const ports = new Set();
  for (let session = 0; session < 2; session++) {
    const meeting = await Meeting.open(context, { server });
    const ada = await meeting.publisher(chromium());
    const bob = await meeting.join(chromium());
    await bob.seesAndHears(ada);
    ports.add((await bob.call('path', ada.id)).remotePort);
  }
  assert.equal(ports.size, 2, 'the second session must go to the node that carries less');
});

test('Ctrl-C ends every process that was started', async () => {
  const server = await Server.start();
  const processes = server.processes;
  assert.ok(processes.length >= 2, `expected a master and a node, found ${processes}`);
  assert.deepEqual(await server.stop(), [], 'these processes had to be killed');
  await sleep(100);
  assert.deepEqual(processes.filter(alive), []);
});
