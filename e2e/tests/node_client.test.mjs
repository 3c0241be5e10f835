// openvidu-node-client, unmodified, as an application's server uses it.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { chromium } from '../harness/browsers.mjs';
import { Participant } from '../harness/participant.mjs';
import { Server } from '../harness/server.mjs';
import { until } from '../harness/wait.mjs';

const require = createRequire(import.meta.url);

for (const version of ['2.24.0', '2.32.2']) {
  const { OpenVidu, OpenViduRole } = require(`openvidu-node-client-${version}`);

  test(`openvidu-node-client ${version} runs a session from creation to close`, async (context) => {
    const server = await Server.shared();
    const openvidu = new OpenVidu(server.url, server.secret);
    const customSessionId = `node-client-${version.replaceAll('.', '-')}`;
    const session = await openvidu.createSession({ customSessionId, forcedVideoCodec: 'VP8' });
    context.after(() => server.rest.delete(`/openvidu/api/sessions/${customSessionId}`));
    assert.equal(session.sessionId, customSessionId);
    const same = await openvidu.createSession({ customSessionId });
    assert.equal(same.sessionId, customSessionId, 'creating it again must give the same session');

    // What the server says replaces what the client asked for.
    await session.fetch();
    const first = await session.createConnection({ role: OpenViduRole.PUBLISHER, data: 'of the server' });
    const second = await session.createConnection({ role: OpenViduRole.SUBSCRIBER });
    assert.equal(first.status, 'pending');
    assert.equal(await session.fetch(), false, 'nothing changed since the connections were created');
    assert.equal(session.connections.length, 2);
    assert.equal(typeof (await session.generateToken()), 'string');

    const ada = await Participant.open(chromium(), { sdk: version });
    const bob = await Participant.open(chromium(), { sdk: version });
    context.after(() => Promise.all([ada.close(), bob.close()]));
    await ada.connect(first.token, 'of the client');
    assert.equal(ada.id, first.connectionId, 'the client gets the id of its connection');
    await bob.connect(second.token);
    await ada.publish();
    await bob.seesAndHears(ada);
    const [person] = await bob.call('people');
    assert.equal(person.data, 'of the client%/%of the server');

    assert.equal(await openvidu.fetch(), true);
    await session.fetch();
    const active = session.activeConnections.find(({ connectionId }) => connectionId === ada.id);
    assert.equal(active.clientData, 'of the client');
    assert.equal(active.serverData, 'of the server');
    assert.equal(active.publishers.length, 1);
    assert.equal(active.publishers[0].typeOfVideo, 'CAMERA');
    const watching = session.activeConnections.find(({ connectionId }) => connectionId === bob.id);
    assert.deepEqual(watching.subscribers, [active.publishers[0].streamId]);

    const promoted = await session.updateConnection(bob.id, { role: OpenViduRole.PUBLISHER });
    assert.equal(promoted.connectionProperties.role, 'PUBLISHER');
    await bob.hears('connectionPropertyChanged', { property: 'role', value: 'PUBLISHER' });

    await session.forceUnpublish(active.publishers[0]);
    await bob.hears('streamDestroyed', { reason: 'forceUnpublishByServer' });
    await session.forceDisconnect(bob.id);
    await bob.hears('sessionDisconnected', { reason: 'forceDisconnectByServer' });
    await session.close();
    await ada.hears('sessionDisconnected', { reason: 'sessionClosedByServer' });
    await until('the session to be gone', async () => {
      await openvidu.fetch();
      return !openvidu.activeSessions.some(({ sessionId }) => sessionId === customSessionId);
    });
  });

  test(`openvidu-node-client ${version} is told what went wrong`, async () => {
    const server = await Server.shared();
    const stranger = new OpenVidu(server.url, 'a wrong secret');
    await assert.rejects(stranger.fetch(), /401/);
    const openvidu = new OpenVidu(server.url, server.secret);
    const session = await openvidu.createSession();
    await assert.rejects(session.forceDisconnect('con_nobody'), /404/);
    await assert.rejects(session.forceUnpublish('str_nothing'), /404/);
    await assert.rejects(session.createConnection({ customIceServers: [{ url: 'bad-ice-server' }] }), /400/);
    await session.close();
    await assert.rejects(session.fetch(), /404/);
  });
}
