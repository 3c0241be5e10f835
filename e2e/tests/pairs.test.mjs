// Two people meet: each sees the other's picture advance and hears the other's sound.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chromium, firefox } from '../harness/browsers.mjs';
import { Meeting } from '../harness/meeting.mjs';

const PAIRS = [
  ['Chromium 2.24.0 and Chromium 2.24.0', [chromium, '2.24.0'], [chromium, '2.24.0']],
  ['Chromium 2.32.2 and Chromium 2.32.2', [chromium, '2.32.2'], [chromium, '2.32.2']],
  ['Chromium 2.24.0 and Chromium 2.32.2', [chromium, '2.24.0'], [chromium, '2.32.2']],
  ['Chromium 2.32.2 and Firefox 2.32.2', [chromium, '2.32.2'], [firefox, '2.32.2']],
  ['Firefox 2.24.0 and Chromium 2.24.0', [firefox, '2.24.0'], [chromium, '2.24.0']],
];

for (const [name, [browserA, sdkA], [browserB, sdkB]] of PAIRS) {
  test(`${name} see and hear each other`, async (context) => {
    const meeting = await Meeting.open(context);
    const ada = await meeting.publisher(browserA(), { sdk: sdkA });
    const bob = await meeting.publisher(browserB(), { sdk: sdkB });
    await Promise.all([ada.seesAndHears(bob), bob.seesAndHears(ada)]);
    for (const [person, of] of [[ada, ada], [ada, bob], [bob, bob], [bob, ada]]) {
      const { protocol } = await person.call('path', of.id);
      assert.equal(protocol, 'udp', 'nothing stands in the way of UDP here');
    }
  });
}
