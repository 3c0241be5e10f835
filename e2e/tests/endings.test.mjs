// Every way in which a stay ends names its reason to those who stay and to the one who goes (OpenVidu's endReasonTest,
// as clients see it).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chromium } from '../harness/browsers.mjs';
import { Meeting } from '../harness/meeting.mjs';
import { Proxy } from '../harness/proxy.mjs';
import { until } from '../harness/wait.mjs';

test('the server takes a stream away', async (context) => {
  const meeting = await Meeting.open(context);
  const ada = await meeting.publisher(chromium());
  const bob = await meeting.join(chromium());
  await bob.hears('streamCreated', { stream: ada.stream });
  assert.equal((await meeting.rest.delete(meeting.path(`/stream/${ada.stream}`))).status, 204);
  await bob.hears('streamDestroyed', { stream: ada.stream, reason: 'forceUnpublishByServer' });
  await ada.hears('publisher:streamDestroyed', { reason: 'forceUnpublishByServer' });
});

test('the server throws somebody out', async (context) => {
  const meeting = await Meeting.open(context);
  const ada = await meeting.publisher(chromium());
  const bob = await meeting.join(chromium());
  await bob.hears('connectionCreated', { connection: ada.id });
  assert.equal((await meeting.rest.delete(meeting.path(`/connection/${ada.id}`))).status, 204);
  await ada.hears('sessionDisconnected', { reason: 'forceDisconnectByServer' });
  await bob.hears('connectionDestroyed', { connection: ada.id, reason: 'forceDisconnectByServer' });
  await bob.hears('streamDestroyed', { stream: ada.stream, reason: 'forceDisconnectByServer' });
});

test('the server closes the session', async (context) => {
  const meeting = await Meeting.open(context);
  const ada = await meeting.publisher(chromium());
  const bob = await meeting.publisher(chromium());
  await bob.seesVideoOf(ada);
  assert.equal((await meeting.rest.delete(meeting.path())).status, 204);
  for (const person of [ada, bob]) await person.hears('sessionDisconnected', { reason: 'sessionClosedByServer' });
  assert.equal((await meeting.rest.get(meeting.path())).status, 404);
});

test('the last to leave closes the session, and its name is free again', async (context) => {
  const meeting = await Meeting.open(context, { properties: { customSessionId: 'ends-with-the-last' } });
  const unused = await meeting.rest.connection(meeting.session);
  const ada = await meeting.join(chromium());
  await ada.leave();
  await until('the session to be gone', async () => (await meeting.rest.get(meeting.path())).status === 404);
  assert.equal(await meeting.rest.session({ customSessionId: 'ends-with-the-last' }), 'ends-with-the-last');
  const bob = await meeting.join(chromium());
  const error = await bob.call('failsToConnect', unused.token).catch((failure) => failure);
  assert.ok(error, 'a token of the session before must not open the new one');
});

test('somebody whose network is gone for good leaves with networkDisconnect', async (context) => {
  const meeting = await Meeting.open(context);
  const proxy = await Proxy.to(meeting.server.port);
  context.after(() => proxy.close());
  const ada = await meeting.join(chromium(), { detour: proxy.port });
  const bob = await meeting.join(chromium());
  await ada.hears('connectionCreated', { connection: bob.id });
  const cut = Date.now();
  proxy.cut();
  await ada.hears('reconnecting');
  const left = await bob.hears('connectionDestroyed', { connection: ada.id, reason: 'networkDisconnect' });
  const grace = left.at - cut;
  assert.ok(grace > 9_000 && grace < 13_000, `evicted after ${grace} ms instead of the 10 s of grace`);

  proxy.restore();
  await ada.hears('sessionDisconnected', { reason: 'networkDisconnect' });
});
