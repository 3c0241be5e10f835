// Roles: who may publish, who may throw out whom, and how a role changes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chromium } from '../harness/browsers.mjs';
import { Meeting } from '../harness/meeting.mjs';
import { SDKS } from '../harness/site.mjs';

const DENIED = 'OPENVIDU_PERMISSION_DENIED';

for (const sdk of SDKS) {
  test(`a moderator takes a stream away and throws somebody out (${sdk})`, async (context) => {
    const meeting = await Meeting.open(context);
    const mona = await meeting.join(chromium(), { sdk, role: 'MODERATOR' });
    const ada = await meeting.publisher(chromium(), { sdk });
    const bob = await meeting.join(chromium(), { sdk });
    await mona.seesVideoOf(ada);

    assert.equal(await mona.call('attempt', 'forceUnpublish', ada.id), undefined);
    for (const listener of [mona, bob]) {
      await listener.hears('streamDestroyed', { stream: ada.stream, reason: 'forceUnpublishByUser' });
    }
    await ada.hears('publisher:streamDestroyed', { reason: 'forceUnpublishByUser' });

    assert.equal(await mona.call('attempt', 'forceDisconnect', ada.id), undefined);
    await ada.hears('sessionDisconnected', { reason: 'forceDisconnectByUser' });
    for (const listener of [mona, bob]) {
      await listener.hears('connectionDestroyed', { connection: ada.id, reason: 'forceDisconnectByUser' });
    }
  });
}

test('a publisher may not moderate', async (context) => {
  const meeting = await Meeting.open(context);
  const ada = await meeting.publisher(chromium());
  const bob = await meeting.join(chromium());
  await bob.hears('streamCreated', { stream: ada.stream });
  for (const method of ['forceUnpublish', 'forceDisconnect']) {
    const error = await bob.call('attempt', method, ada.id);
    assert.equal(error.name, DENIED, method);
  }
  await bob.seesVideoOf(ada);
});

test('a subscriber may not publish until its role is changed, and hears of the change', async (context) => {
  const meeting = await Meeting.open(context);
  const ada = await meeting.join(chromium(), { role: 'SUBSCRIBER' });
  const bob = await meeting.join(chromium(), { role: 'SUBSCRIBER' });
  const { error } = await ada.call('publish', {});
  assert.equal(error.name, DENIED);

  const { status, body } = await meeting.rest.patch(meeting.path(`/connection/${ada.id}`), { role: 'PUBLISHER' });
  assert.deepEqual([status, body.role], [200, 'PUBLISHER']);
  await ada.hears('connectionPropertyChanged', { property: 'role', value: 'PUBLISHER' });
  assert.equal(await ada.call('role'), 'PUBLISHER');
  await ada.publish();
  await bob.seesVideoOf(ada);
});
