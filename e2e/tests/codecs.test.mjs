// The codec that a session forces is the one that arrives.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chromium, firefox } from '../harness/browsers.mjs';
import { Meeting } from '../harness/meeting.mjs';

for (const codec of ['VP8', 'VP9', 'H264']) {
  test(`${codec} is sent and received when the session forces it`, async (context) => {
    const meeting = await Meeting.open(context, { properties: { forcedVideoCodec: codec } });
    const ada = await meeting.publisher(chromium());
    const bob = await meeting.join(chromium(), { role: 'SUBSCRIBER' });
    await bob.seesAndHears(ada);
    const { videoCodec } = await bob.received(ada);
    assert.equal(videoCodec.toUpperCase(), `VIDEO/${codec}`);
  });
}

test('a publisher that cannot send the forced codec is told so', async (context) => {
  const meeting = await Meeting.open(context, { properties: { forcedVideoCodec: 'H264' } });
  // Debian's Firefox has no H264 without a plug-in.
  const ada = await meeting.join(firefox());
  assert.equal(await ada.call('canSend', 'H264'), false);
  const { error } = await ada.call('publish', {});
  assert.match(error.message, /800/);
});
