// What can be published, and taken back.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chromium } from '../harness/browsers.mjs';
import { Meeting } from '../harness/meeting.mjs';
import { SDKS } from '../harness/site.mjs';

test('a stream is unpublished and published again', async (context) => {
  const meeting = await Meeting.open(context);
  const ada = await meeting.publisher(chromium());
  const bob = await meeting.join(chromium(), { role: 'SUBSCRIBER' });
  await bob.seesVideoOf(ada);

  await ada.call('unpublish');
  await bob.hears('streamDestroyed', { stream: ada.stream, reason: 'unpublish' });
  await ada.hears('publisher:streamDestroyed', { reason: 'unpublish' });

  const again = await ada.publish();
  assert.notEqual(again, ada.stream);
  await bob.hears('streamCreated', { stream: again });
  await bob.seesAndHears(ada);
});

test('a subscription ends and begins again while the stream goes on', async (context) => {
  const meeting = await Meeting.open(context);
  const ada = await meeting.publisher(chromium());
  const bob = await meeting.join(chromium(), { role: 'SUBSCRIBER' });
  await bob.seesVideoOf(ada);

  await bob.call('unsubscribeFrom', ada.id);
  const { body } = await meeting.rest.get(meeting.path(`/connection/${bob.id}`));
  assert.deepEqual(body.subscribers, []);

  await bob.call('subscribeTo', ada.id);
  await bob.seesAndHears(ada);
});

test('somebody who leaves is gone for the others', async (context) => {
  const meeting = await Meeting.open(context);
  const ada = await meeting.publisher(chromium());
  const bob = await meeting.publisher(chromium());
  await bob.seesVideoOf(ada);
  await ada.leave();
  await bob.hears('streamDestroyed', { stream: ada.stream, reason: 'disconnect' });
  await bob.hears('connectionDestroyed', { connection: ada.id, reason: 'disconnect' });
  await ada.hears('sessionDisconnected', { reason: 'disconnect' });
});

test('a stream of sound alone is heard', async (context) => {
  const meeting = await Meeting.open(context);
  const ada = await meeting.publisher(chromium(), { properties: { videoSource: false } });
  assert.match(ada.stream, /^str_MIC_/);
  const bob = await meeting.join(chromium(), { role: 'SUBSCRIBER' });
  await bob.hearsAudioOf(ada);
  const [{ stream }] = await bob.call('people');
  assert.deepEqual([stream.hasAudio, stream.hasVideo], [true, false]);
});

for (const sdk of SDKS) {
  test(`a stream of pictures alone is seen (${sdk})`, async (context) => {
    const meeting = await Meeting.open(context);
    const ada = await meeting.publisher(chromium(), { sdk, properties: { audioSource: false } });
    assert.match(ada.stream, /^str_CAM_/);
    const bob = await meeting.join(chromium(), { sdk, role: 'SUBSCRIBER' });
    await bob.seesVideoOf(ada);
    const [{ stream }] = await bob.call('people');
    assert.deepEqual([stream.hasAudio, stream.hasVideo], [false, true]);
  });

  test(`a shared screen is seen (${sdk})`, async (context) => {
    const meeting = await Meeting.open(context);
    const ada = await meeting.publisher(chromium(), {
      sdk,
      properties: { videoSource: 'screen', audioSource: false, resolution: undefined },
    });
    assert.match(ada.stream, /^str_SCR_/);
    const bob = await meeting.join(chromium(), { sdk, role: 'SUBSCRIBER' });
    await bob.seesVideoOf(ada, { frames: 3 });
    const [{ stream }] = await bob.call('people');
    assert.equal(stream.typeOfVideo, 'SCREEN');
  });
}

test('REST shows what is published, and by what options', async (context) => {
  const meeting = await Meeting.open(context);
  const ada = await meeting.publisher(chromium());
  const { body } = await meeting.rest.get(meeting.path(`/connection/${ada.id}`));
  assert.equal(body.status, 'active');
  const [publisher] = body.publishers;
  assert.equal(publisher.streamId, ada.stream);
  const { videoDimensions, ...options } = publisher.mediaOptions;
  assert.deepEqual(JSON.parse(videoDimensions), { width: 320, height: 240 });
  assert.deepEqual(options, {
    hasAudio: true,
    audioActive: true,
    hasVideo: true,
    videoActive: true,
    typeOfVideo: 'CAMERA',
    frameRate: 15,
    filter: {},
  });
});
