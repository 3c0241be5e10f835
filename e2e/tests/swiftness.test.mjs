// What a client asks to learn whether the server lives is answered at once, whatever else is under way.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chromium } from '../harness/browsers.mjs';
import { Meeting } from '../harness/meeting.mjs';

/** The browser opens its camera and gathers candidates in the same process meanwhile; the server's part is less. */
const USUAL_MS = 100;
/** What the strictest client gives it is 3 s. */
const WORST_MS = 1500;

test('echo, ping and videoData are answered while a publish is in progress', async (context) => {
  const meeting = await Meeting.open(context);
  const ada = await meeting.join(chromium());
  const times = await ada.page.evaluate(async (properties) => {
    const { client } = window;
    let publishing = true;
    const publish = client.publish(properties).finally(() => (publishing = false));
    const taken = { echo: [], ping: [], videoData: [] };
    const video = { height: 240, width: 320, videoActive: true, audioActive: true };
    let asked = 0;
    while (publishing || asked < 10) {
      const answers = await Promise.all([
        client.timed('echo', {}),
        client.timed('ping', {}),
        client.timed('videoData', video),
      ]);
      Object.keys(taken).forEach((name, i) => taken[name].push(answers[i]));
      asked += 1;
    }
    await publish;
    return taken;
  }, {});
  for (const [method, taken] of Object.entries(times)) {
    taken.sort((a, b) => a - b);
    const [median, most] = [taken[Math.floor(taken.length / 2)], taken.at(-1)];
    assert.ok(median < USUAL_MS && most < WORST_MS, `${method} took ${median} ms, at most ${most} ms`);
  }
});
