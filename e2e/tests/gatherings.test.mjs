// More than two: one to four, four to four.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chromium } from '../harness/browsers.mjs';
import { Meeting } from '../harness/meeting.mjs';

const LITTLE = { resolution: '160x120', frameRate: 10 };

test('one publisher is seen and heard by four subscribers', async (context) => {
  const meeting = await Meeting.open(context);
  const ada = await meeting.publisher(chromium(), { properties: LITTLE });
  const audience = [];
  for (let i = 0; i < 4; i++) audience.push(await meeting.join(chromium(), { role: 'SUBSCRIBER' }));
  await Promise.all(audience.map((listener) => listener.seesAndHears(ada)));

  const { body } = await meeting.rest.get(meeting.path());
  const subscriptions = body.connections.content.flatMap((connection) => connection.subscribers);
  assert.equal(subscriptions.length, 4);
  assert.ok(subscriptions.every(({ streamId }) => streamId === ada.stream));
});

test('four people all see and hear each other', async (context) => {
  const meeting = await Meeting.open(context);
  const people = [];
  for (let i = 0; i < 4; i++) people.push(await meeting.publisher(chromium(), { properties: LITTLE }));
  const pairs = people.flatMap((ada) => people.filter((bob) => bob !== ada).map((bob) => [ada, bob]));
  await Promise.all(pairs.map(([ada, bob]) => ada.seesAndHears(bob, { frames: 4, timeout: 40_000 })));
});

test('whoever comes later sees who was there before', async (context) => {
  const meeting = await Meeting.open(context);
  const ada = await meeting.publisher(chromium(), { data: 'Ada' });
  const bob = await meeting.join(chromium(), { data: 'Bob' });
  await bob.hears('connectionCreated', { connection: ada.id });
  await bob.hears('streamCreated', { stream: ada.stream });
  await ada.hears('connectionCreated', { connection: bob.id });
  await bob.seesVideoOf(ada);
  const [person] = await bob.call('people');
  assert.equal(person.data, 'Ada');
  assert.equal(person.stream.typeOfVideo, 'CAMERA');
});
