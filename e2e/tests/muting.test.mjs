// Muting is told to the others, and to REST.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chromium } from '../harness/browsers.mjs';
import { Meeting } from '../harness/meeting.mjs';
import { SDKS } from '../harness/site.mjs';

for (const sdk of SDKS) {
  test(`muting and unmuting reaches the others (${sdk})`, async (context) => {
    const meeting = await Meeting.open(context);
    const ada = await meeting.publisher(chromium(), { sdk });
    const bob = await meeting.join(chromium(), { sdk, role: 'SUBSCRIBER' });
    await bob.seesAndHears(ada);

    await ada.call('mute', { audio: false });
    await bob.hears('streamPropertyChanged', { property: 'audioActive', value: false, reason: 'publishAudio' });
    await ada.call('mute', { video: false });
    await bob.hears('streamPropertyChanged', { property: 'videoActive', value: false, reason: 'publishVideo' });

    const muted = await meeting.rest.get(meeting.path(`/connection/${ada.id}`));
    const { audioActive, videoActive } = muted.body.publishers[0].mediaOptions;
    assert.deepEqual([audioActive, videoActive], [false, false]);

    const carl = await meeting.join(chromium(), { sdk, role: 'SUBSCRIBER' });
    await carl.hears('streamCreated', { stream: ada.stream });
    const late = (await carl.call('people')).find(({ id }) => id === ada.id).stream;
    assert.deepEqual([late.audioActive, late.videoActive], [false, false]);

    await ada.call('mute', { audio: true, video: true });
    await bob.hears('streamPropertyChanged', { property: 'videoActive', value: true });
    await bob.seesAndHears(ada);
  });
}
