// The master may die; the media goes on. And Ctrl-C ends everything that was started.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chromium } from '../harness/browsers.mjs';
import { Meeting } from '../harness/meeting.mjs';
import { alive } from '../harness/process.mjs';
import { Proxy } from '../harness/proxy.mjs';
import { Server } from '../harness/server.mjs';
import { sleep, until } from '../harness/wait.mjs';

const SECONDS = 10;

test('frames keep arriving for 10 s after the master was killed, and it can be started again', async (context) => {
  const server = await Server.start();
  const meeting = await Meeting.open(context, { server });
  // What a restarted master says to clients of the one before would end their call; that is not what is tried here.
  const proxy = await Proxy.to(server.port);
  context.after(() => proxy.close());
  const ada = await meeting.publisher(chromium(), { detour: proxy.port });
  const bob = await meeting.publisher(chromium(), { detour: proxy.port });
  await Promise.all([ada.seesAndHears(bob), bob.seesAndHears(ada)]);
  const nodes = server.processes.filter((pid) => pid !== server.pid);
  assert.ok(nodes.length >= 1, 'the media node must be a process of its own');

  await server.killMaster();
  for (let second = 1; second <= SECONDS; second++) {
    const [atAda, atBob] = await Promise.all([ada.framesWithin(bob, 1000), bob.framesWithin(ada, 1000)]);
    assert.ok(atAda > 5, `Ada got ${atAda} frames in second ${second}`);
    assert.ok(atBob > 5, `Bob got ${atBob} frames in second ${second}`);
  }
  await Promise.all([ada.seesAndHears(bob), bob.seesAndHears(ada)]);
  assert.ok(nodes.every(alive));

  proxy.cut();
  await server.run();
  assert.ok(nodes.every(alive), 'the node must have reattached, not been replaced');
  assert.ok((await bob.framesWithin(ada, 2000)) > 10, 'a new master must not tear down what the node carries');
  const next = await Meeting.open(context, { server });
  const [carl, dora] = [await next.publisher(chromium()), await next.join(chromium())];
  await dora.seesVideoOf(carl);
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
