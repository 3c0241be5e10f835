// Messages between participants, and from the application's server.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chromium } from '../harness/browsers.mjs';
import { Meeting } from '../harness/meeting.mjs';
import { SDKS } from '../harness/site.mjs';

for (const sdk of SDKS) {
  test(`a signal reaches everybody, its sender too, or only those it names (${sdk})`, async (context) => {
    const meeting = await Meeting.open(context);
    const [ada, bob, carl] = [
      await meeting.join(chromium(), { sdk }),
      await meeting.join(chromium(), { sdk }),
      await meeting.join(chromium(), { sdk }),
    ];
    for (const other of [bob, carl]) await ada.hears('connectionCreated', { connection: other.id });

    await ada.call('signal', { type: 'chat', data: 'hello, all' });
    for (const listener of [ada, bob, carl]) {
      await listener.hears('signal', { kind: 'signal:chat', data: 'hello, all', from: ada.id });
    }

    await ada.call('signal', { type: 'chat', data: 'only Bob', to: [bob.id] });
    await bob.hears('signal', { data: 'only Bob', from: ada.id });
    await ada.call('signal', { data: 'the end' });
    await carl.hears('signal', { data: 'the end' });
    assert.deepEqual(await carl.heard('signal', { data: 'only Bob' }), []);
    assert.deepEqual(await ada.heard('signal', { data: 'only Bob' }), []);
  });

  test(`the application's server signals by REST (${sdk})`, async (context) => {
    const meeting = await Meeting.open(context);
    const ada = await meeting.join(chromium(), { sdk });
    const bob = await meeting.join(chromium(), { sdk });
    const everybody = { session: meeting.session, to: [], type: 'news', data: 'to all' };
    assert.equal((await meeting.rest.post('/openvidu/api/signal', everybody)).status, 200);
    for (const listener of [ada, bob]) {
      const event = await listener.hears('signal', { kind: 'signal:news', data: 'to all' });
      assert.equal(event.from, undefined);
    }

    const one = { session: meeting.session, to: [bob.id], type: 'signal:news', data: 'to Bob' };
    assert.equal((await meeting.rest.post('/openvidu/api/signal', one)).status, 200);
    await bob.hears('signal', { kind: 'signal:news', data: 'to Bob' });
    assert.deepEqual(await ada.heard('signal', { data: 'to Bob' }), []);
  });
}
