// The REST API answers with OpenVidu's statuses and keys, the odd ones too (restApiTest).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chromium } from '../harness/browsers.mjs';
import { Meeting } from '../harness/meeting.mjs';
import { Rest } from '../harness/rest.mjs';
import { Server } from '../harness/server.mjs';

const API = '/openvidu/api';
const SESSION_KEYS = [
  'allowTranscoding', 'broadcasting', 'connections', 'createdAt', 'customSessionId', 'defaultRecordingProperties',
  'forcedVideoCodec', 'id', 'mediaMode', 'object', 'recording', 'recordingMode', 'sessionId',
];
const CONNECTION_KEYS = [
  'activeAt', 'adaptativeBitrate', 'clientData', 'connectionId', 'createdAt', 'customIceServers', 'id', 'ip',
  'kurentoOptions', 'location', 'networkCache', 'object', 'onlyPlayWithSubscribers', 'platform', 'publishers', 'record',
  'role', 'rtspUri', 'serverData', 'sessionId', 'status', 'subscribers', 'token', 'type',
];

/** Sends every body and checks that each is refused with this status. */
async function refused(rest, path, bodies, status = 400) {
  for (const body of bodies) {
    const answer = await rest.post(path, body);
    assert.equal(answer.status, status, `POST ${path} ${JSON.stringify(body)}`);
  }
}

function holdsKeys(object, keys) {
  for (const key of keys) assert.ok(key in object, `the key "${key}" is missing in ${JSON.stringify(object)}`);
}

test('only the secret opens the API', async () => {
  const { url, secret } = await Server.shared();
  for (const wrong of [new Rest(url, 'wrong'), new Rest(url, ''), new Rest(url, `${secret}x`)]) {
    for (const path of ['/config', '/sessions', '/sessions/any', '/health']) {
      assert.equal((await wrong.get(API + path)).status, 401, path);
    }
  }
  const open = new Rest(url, 'wrong');
  assert.equal((await open.get(`${API}/config/openvidu-publicurl`)).status, 200);
  const bare = await fetch(`${url}${API}/sessions`);
  assert.equal(bare.status, 401);
});

test('the configuration is told with typed values', async () => {
  const { rest } = await Server.shared();
  const { status, body } = await rest.get(`${API}/config`);
  assert.equal(status, 200);
  holdsKeys(body, [
    'VERSION', 'DOMAIN_OR_PUBLIC_IP', 'HTTPS_PORT', 'OPENVIDU_PUBLICURL', 'OPENVIDU_CDR',
    'OPENVIDU_STREAMS_VIDEO_MAX_RECV_BANDWIDTH', 'OPENVIDU_STREAMS_FORCED_VIDEO_CODEC',
    'OPENVIDU_STREAMS_ALLOW_TRANSCODING', 'OPENVIDU_SESSIONS_GARBAGE_INTERVAL', 'OPENVIDU_RECORDING',
    'OPENVIDU_WEBHOOK',
  ]);
  assert.equal(typeof body.HTTPS_PORT, 'number');
  assert.equal(typeof body.OPENVIDU_RECORDING, 'boolean');
});

test('sessions: creation, conflicts, wrong values, deletion', async (context) => {
  const { rest } = await Server.shared();
  assert.equal((await rest.get(`${API}/sessions/NOT_EXISTS`)).status, 404);
  await refused(rest, `${API}/sessions`, [
    { mediaMode: 'NOT_EXISTS' },
    { mediaMode: 'ROUTED', recordingMode: 'NOT_EXISTS' },
    { mediaMode: 'ROUTED', recordingMode: 'ALWAYS', defaultRecordingProperties: false },
    { mediaMode: 'ROUTED', recordingMode: 'ALWAYS', customSessionId: 999 },
    { mediaMode: 'ROUTED', customSessionId: 'not alphanumeric@' },
    { mediaMode: 'ROUTED', forcedVideoCodec: 'NOT_EXISTS' },
    { mediaMode: 'ROUTED', forcedVideoCodec: 'VP8', allowTranscoding: 'NOT_BOOLEAN' },
    { mediaMode: 'ROUTED', defaultRecordingProperties: { outputMode: 'NOT_EXISTS' } },
    'not JSON',
  ]);

  const fresh = await rest.post(`${API}/sessions`, {});
  assert.equal(fresh.status, 200);
  holdsKeys(fresh.body, SESSION_KEYS);
  assert.match(fresh.body.id, /^ses_[A-Z][A-Za-z0-9]{9}$/);
  assert.equal(fresh.body.object, 'session');
  assert.equal(fresh.body.customSessionId, '');
  assert.deepEqual(fresh.body.connections, { numberOfElements: 0, content: [] });
  assert.equal((await rest.delete(`${API}/sessions/${fresh.body.id}`)).status, 204);
  assert.equal((await rest.post(`${API}/sessions`)).status, 200, 'an empty body is allowed');

  const custom = { customSessionId: 'CUSTOM_SESSION_ID', forcedVideoCodec: null, recordingMode: null };
  context.after(() => rest.delete(`${API}/sessions/CUSTOM_SESSION_ID`));
  assert.equal((await rest.post(`${API}/sessions`, custom)).status, 200, 'null means absent');
  assert.equal((await rest.post(`${API}/sessions`, custom)).status, 409);
  const one = await rest.get(`${API}/sessions/CUSTOM_SESSION_ID`);
  assert.deepEqual([one.status, one.body.customSessionId], [200, 'CUSTOM_SESSION_ID']);
  const all = await rest.get(`${API}/sessions`);
  assert.equal(all.body.numberOfElements, all.body.content.length);
  assert.ok(all.body.content.some(({ id }) => id === 'CUSTOM_SESSION_ID'));

  assert.ok([403, 405].includes((await rest.delete(`${API}/sessions`)).status));
  assert.equal((await rest.delete(`${API}/sessions/NOT_EXISTS`)).status, 404);
  assert.equal((await rest.delete(`${API}/sessions/CUSTOM_SESSION_ID`)).status, 204);
  assert.equal((await rest.get(`${API}/sessions/CUSTOM_SESSION_ID`)).status, 404);
});

test('connections: creation, wrong values, update, deletion', async (context) => {
  const meeting = await Meeting.open(context);
  const { rest } = meeting;
  const list = meeting.path('/connection');
  assert.equal((await rest.get(`${API}/sessions/NOT_EXISTS/connection`)).status, 404);
  assert.deepEqual((await rest.get(list)).body, { numberOfElements: 0, content: [] });
  assert.equal((await rest.get(`${API}/sessions/NOT_EXISTS/connection/NOT_EXISTS`)).status, 400);
  assert.equal((await rest.get(`${list}/NOT_EXISTS`)).status, 404);
  assert.equal((await rest.post(`${API}/sessions/NOT_EXISTS/connection`, {})).status, 404);

  await refused(rest, list, [
    { type: false },
    { type: 'NOT_EXISTS' },
    { type: 'WEBRTC', role: 123 },
    { type: 'WEBRTC', role: 'NOT_EXISTS' },
    { type: 'WEBRTC', role: 'MODERATOR', data: true },
    { type: 'WEBRTC', role: 'MODERATOR', data: 'SERVER_DATA', kurentoOptions: false },
    { type: 'WEBRTC', data: 'SERVER_DATA', kurentoOptions: { allowedFilters: 'NOT_EXISTS' } },
    { customIceServers: [{ url: 'bad-ice-server' }] },
    { customIceServers: [{ url: 'turn:bad-ice-server' }] },
    { customIceServers: [{ url: 'bad-prefix:bad-ice-server' }] },
  ]);

  const kurentoOptions = { videoMaxSendBandwidth: 777, allowedFilters: ['GStreamerFilter'] };
  const moderator = await rest.connection(meeting.session, { role: 'MODERATOR', data: 'SERVER_DATA', kurentoOptions });
  holdsKeys(moderator, CONNECTION_KEYS);
  assert.match(moderator.id, /^con_[A-Z][A-Za-z0-9]{9}$/);
  assert.match(moderator.token, /^wss:\/\/[^?]+\?sessionId=[^&]+&token=tok_[A-Z][A-Za-z0-9]{15}$/);
  assert.deepEqual([moderator.status, moderator.role, moderator.serverData], ['pending', 'MODERATOR', 'SERVER_DATA']);
  assert.deepEqual(moderator.kurentoOptions, kurentoOptions);
  for (const key of ['activeAt', 'ip', 'platform', 'publishers', 'subscribers', 'clientData', 'rtspUri']) {
    assert.equal(moderator[key], null, key);
  }

  const customIceServers = [
    { url: 'turn:valid-domain.es', username: 'user', credential: 'pass' },
    { url: 'stun:valid-domain.es:1234' },
  ];
  const withIce = await rest.connection(meeting.session, { customIceServers });
  assert.deepEqual(withIce.customIceServers, customIceServers);
  assert.equal((await rest.delete(`${list}/${withIce.id}`)).status, 204);

  const plain = await rest.connection(meeting.session);
  assert.deepEqual([plain.role, plain.serverData, plain.record], ['PUBLISHER', '', true]);
  assert.equal((await rest.get(meeting.path())).body.connections.numberOfElements, 0, 'pending ones are hidden here');
  assert.equal((await rest.get(meeting.path('?pendingConnections=true'))).body.connections.numberOfElements, 2);
  assert.equal((await rest.get(list)).body.numberOfElements, 2, 'but shown here');
  assert.equal((await rest.get(`${list}?pendingConnections=false`)).body.numberOfElements, 0);
  assert.deepEqual((await rest.get(`${list}/${moderator.id}`)).body, moderator);

  for (const body of [{ role: 123 }, { role: 'NOT_EXISTS' }, { record: 'NOT_BOOLEAN' }]) {
    assert.equal((await rest.patch(`${list}/${plain.id}`, body)).status, 400, JSON.stringify(body));
  }
  assert.equal((await rest.patch(`${list}/NOT_EXISTS`, { role: 'SUBSCRIBER' })).status, 404);
  const changed = await rest.patch(`${list}/${plain.id}`, { role: 'SUBSCRIBER', record: false });
  assert.deepEqual([changed.status, changed.body.role, changed.body.record], [200, 'SUBSCRIBER', false]);

  assert.equal((await rest.delete(`${API}/sessions/NOT_EXISTS/connection/NOT_EXISTS`)).status, 400);
  assert.equal((await rest.delete(`${list}/NOT_EXISTS`)).status, 404);
  assert.equal((await rest.delete(`${API}/sessions/NOT_EXISTS/stream/NOT_EXISTS`)).status, 400);
  assert.equal((await rest.delete(meeting.path('/stream/NOT_EXISTS'))).status, 404);
});

test('legacy tokens', async (context) => {
  const meeting = await Meeting.open(context);
  const { rest, session } = meeting;
  await refused(rest, `${API}/tokens`, [
    {},
    { session: true },
    { session, role: 'NOT_EXISTS' },
    { session, role: 'MODERATOR', data: 999 },
    { session, role: 'MODERATOR', data: 'SERVER_DATA', kurentoOptions: false },
  ]);
  await refused(rest, `${API}/tokens`, [{ session: 'NOT_EXISTS' }], 404);
  const { status, body } = await rest.post(`${API}/tokens`, { session, role: 'MODERATOR', data: 'SERVER_DATA' });
  assert.equal(status, 200);
  assert.equal(body.id, body.token);
  assert.deepEqual([body.session, body.role, body.data], [session, 'MODERATOR', 'SERVER_DATA']);
  const connection = await rest.get(meeting.path(`/connection/${body.connectionId}`));
  assert.equal(connection.body.token, body.token);
});

test('signals to a session that nobody joined, and to nobody', async (context) => {
  const meeting = await Meeting.open(context);
  const { rest, session } = meeting;
  await refused(rest, `${API}/signal`, [
    {},
    { session: true },
    { session, to: 12 },
    { session, to: [], data: false },
    { session, to: [], data: 'SERVERMESSAGE', type: true },
  ]);
  await refused(rest, `${API}/signal`, [{ session: 'NOT_EXISTS' }], 404);
  await refused(rest, `${API}/signal`, [{ session }], 406);
  const ada = await meeting.join(chromium());
  await refused(rest, `${API}/signal`, [{ session, to: ['wrong'] }, { session, to: [ada.id, 'wrong'] }], 406);
  assert.equal((await rest.post(`${API}/signal`, { session })).status, 200);
  await ada.hears('signal');
});

test('an active connection, and a token that was deleted', async (context) => {
  const meeting = await Meeting.open(context);
  const { rest } = meeting;
  const dead = await rest.connection(meeting.session);
  assert.equal((await rest.delete(meeting.path(`/connection/${dead.id}`))).status, 204);
  const ada = await meeting.join(chromium(), { data: 'CLIENT_DATA' });
  const bob = await meeting.join(chromium());
  const { body } = await rest.get(meeting.path(`/connection/${ada.id}`));
  holdsKeys(body, CONNECTION_KEYS);
  assert.deepEqual([body.status, body.clientData, body.serverData], ['active', 'CLIENT_DATA', '']);
  assert.deepEqual([body.publishers, body.subscribers], [[], []]);
  assert.equal(typeof body.activeAt, 'number');
  assert.match(body.ip, /^[0-9a-f.:]+$/);
  assert.match(body.platform, /Chrome/);
  await bob.leave();
  const carl = await meeting.join(chromium());
  assert.ok(carl.id);
  const refusal = await bob.call('failsToConnect', dead.token);
  assert.match(refusal.message, /is not valid/);
});
