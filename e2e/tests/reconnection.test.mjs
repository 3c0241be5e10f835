// The WebSocket is cut under a client: the call goes on, and so does the client.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chromium } from '../harness/browsers.mjs';
import { Meeting } from '../harness/meeting.mjs';
import { Proxy } from '../harness/proxy.mjs';
import { SDKS } from '../harness/site.mjs';
import { sleep } from '../harness/wait.mjs';

for (const sdk of SDKS) {
  test(`a cut WebSocket comes back and the media never stops (${sdk})`, async (context) => {
    const meeting = await Meeting.open(context);
    const proxy = await Proxy.to(meeting.server.port);
    context.after(() => proxy.close());
    const ada = await meeting.publisher(chromium(), { sdk, detour: proxy.port });
    const bob = await meeting.publisher(chromium(), { sdk });
    await Promise.all([ada.seesVideoOf(bob), bob.seesVideoOf(ada)]);
    const before = { ada: await ada.received(bob), bob: await bob.received(ada) };

    proxy.cut();
    await ada.hears('reconnecting');
    assert.ok((await bob.framesWithin(ada, 2000)) > 10, 'pictures must arrive while the WebSocket is cut');
    await bob.call('signal', { type: 'chat', data: 'said while Ada was away' });
    proxy.restore();
    await ada.hears('reconnected');
    await ada.hears('signal', { data: 'said while Ada was away' });

    await sleep(500);
    for (const [name, person, other] of [['ada', ada, bob], ['bob', bob, ada]]) {
      const after = await person.received(other);
      assert.ok(after.framesDecoded > before[name].framesDecoded, `${name}: the transport must be the same as before`);
      assert.deepEqual(await person.heard('streamDestroyed'), []);
    }
    await ada.call('signal', { type: 'chat', data: 'back again' });
    await bob.hears('signal', { data: 'back again', from: ada.id });
    assert.deepEqual(await bob.heard('connectionDestroyed'), []);
  });
}
