// What a client asks to learn whether the server lives is answered at once, whatever else is under way.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chromium } from '../harness/browsers.mjs';
import { Meeting } from '../harness/meeting.mjs';

const ENOUGH_MS = 150;

test('echo, ping and videoData are answered while a publish is in progress', async (context) => {
  const meeting = await Meeting.open(context);
  const ada = await meeting.join(chromium());
  const slowest = await ada.page.evaluate(async (properties) => {
    const { client } = window;
    let publishing = true;
    const publish = client.publish(properties).finally(() => (publishing = false));
    const slow = { echo: 0, ping: 0, videoData: 0 };
    const video = { height: 240, width: 320, videoActive: true, audioActive: true };
    let asked = 0;
    while (publishing || asked < 10) {
      const times = await Promise.all([
        client.timed('echo', {}),
        client.timed('ping', {}),
        client.timed('videoData', video),
      ]);
      Object.keys(slow).forEach((name, i) => (slow[name] = Math.max(slow[name], times[i])));
      asked += 1;
    }
    await publish;
    return slow;
  }, {});
  for (const [method, milliseconds] of Object.entries(slowest)) {
    // The browser opens its camera and gathers candidates in the same process meanwhile; the server's part is less.
    assert.ok(milliseconds < ENOUGH_MS, `${method} took ${milliseconds} ms`);
  }
});
