// What a broken or hostile client sends gets the specified error, and harms nobody.
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { chromium } from '../harness/browsers.mjs';
import { Meeting } from '../harness/meeting.mjs';
import { Rpc } from '../harness/rpc.mjs';
import { until } from '../harness/wait.mjs';

/** Somebody who has joined without a browser. */
async function joined(context, meeting, properties = {}) {
  const { token } = await meeting.rest.connection(meeting.session, properties);
  const rpc = await Rpc.open(meeting.server.url, meeting.session);
  context.after(() => rpc.drop());
  const { result } = await rpc.joinRoom(token);
  rpc.id = result.id;
  rpc.token = token;
  return rpc;
}

async function opened(context, meeting) {
  const rpc = await Rpc.open(meeting.server.url, meeting.session);
  context.after(() => rpc.drop());
  return rpc;
}

const OPTIONS = {
  doLoopback: false, hasAudio: true, hasVideo: true, audioActive: true, videoActive: true, typeOfVideo: 'CAMERA',
  frameRate: 15, videoDimensions: '{"width":320,"height":240}',
};

test('tokens that are unknown, used, or of another session do not open a session', async (context) => {
  const meeting = await Meeting.open(context);
  const other = await Meeting.open(context);
  const first = await joined(context, meeting);
  const strange = first.token.replace(/tok_.*/, 'tok_Mxxxxxxxxxxxxxxx');
  const foreign = (await other.rest.connection(other.session)).token;
  const rpc = await opened(context, meeting);
  for (const [what, token, session] of [
    ['unknown', strange, meeting.session],
    ['used', first.token, meeting.session],
    ['of another session', foreign, meeting.session],
    ['not a token', 'nonsense', meeting.session],
  ]) {
    const { error } = await rpc.request('joinRoom', {
      token, session, platform: 'test', sdkVersion: '2.32.2', metadata: '', secret: '', recorder: false, stt: false,
    });
    assert.equal(error?.code, 401, what);
    assert.match(error.message, /is not valid/, what);
  }
  const good = await rpc.joinRoom((await meeting.rest.connection(meeting.session)).token);
  assert.ok(good.result.id, 'a good token still opens it on the same socket');
});

test('what joinRoom answers is what clients depend on', async (context) => {
  const meeting = await Meeting.open(context);
  const { token } = await meeting.rest.connection(meeting.session, { data: 'S' });
  const rpc = await opened(context, meeting);
  const { result } = await rpc.joinRoom(token, { metadata: 'C' });
  assert.equal(result.metadata, 'C%/%S');
  assert.equal(result.mediaServer, 'mediasoup');
  assert.match(result.version, /^\d+\.\d+\.\d+$/);
  assert.deepEqual(result.value, []);
  assert.equal(result.role, 'PUBLISHER');
  assert.ok(result.customIceServers.length > 0, 'clients would ask strangers otherwise');
  assert.equal(typeof result.sessionId, 'string');
});

test('a client that has not joined may do nothing', async (context) => {
  const meeting = await Meeting.open(context);
  const rpc = await opened(context, meeting);
  for (const method of ['publishVideo', 'sendMessage', 'leaveRoom', 'onIceCandidate', 'unpublishVideo']) {
    assert.equal((await rpc.error(method, {})).code, 803, method);
  }
  assert.deepEqual((await rpc.request('ping', { interval: 5000 })).result, { value: 'pong' });
  const unknown = await rpc.error('connect', { sessionId: 'nobody', reconnect: true });
  assert.deepEqual([unknown.code, unknown.message], [40007, 'reconnection error']);
});

test('frames that are no requests are survived', async (context) => {
  const meeting = await Meeting.open(context);
  const rubbish = [
    'no JSON', '', '{', '[]', 'null', '17', '"text"', '{}', '{"jsonrpc":"2.0"}', '{"jsonrpc":"2.0","method":7,"id":1}',
    '{"jsonrpc":"2.0","method":"echo"}', '{"jsonrpc":"2.0","method":"echo","params":"text","id":{}}',
    '{"id":1e400,"method":"echo"}', '[{"method":"echo","id":1}]', `{"a":${'['.repeat(5000)}`,
    `{"jsonrpc":"2.0","method":"${'x'.repeat(10_000)}","id":9}`, '\u0000', Buffer.from([0, 255, 1, 2]), randomBytes(500),
  ];
  for (const frame of rubbish) {
    const rpc = await opened(context, meeting);
    rpc.send(frame);
    // The server may end a connection that speaks no JSON-RPC; what it must not do is to fall silent on it.
    const answer = rpc.request('ping', { interval: 5000 }).then(({ result }) => result?.value ?? 'refused');
    const end = rpc.closed.then(({ code }) => `closed ${code}`);
    const outcome = await Promise.race([answer, end]);
    assert.match(outcome, /pong|closed 1\d\d\d/, String(frame).slice(0, 40));
  }
  const good = await joined(context, meeting);
  assert.ok(good.id);
});

test('requests with missing or wrong parameters are refused', async (context) => {
  const meeting = await Meeting.open(context);
  const rpc = await joined(context, meeting);
  for (const [method, params] of [
    ['publishVideo', {}],
    ['publishVideo', { ...OPTIONS, sdpOffer: 7 }],
    ['prepareReceiveVideoFrom', {}],
    ['receiveVideoFrom', { sender: 'str_nothing' }],
    ['sendMessage', {}],
    ['streamPropertyChanged', { streamId: 'str_nothing' }],
    ['forceDisconnect', {}],
    ['reconnectStream', {}],
    ['noSuchMethod', {}],
  ]) {
    const error = await rpc.error(method, params);
    assert.equal(typeof error.code, 'number', method);
    assert.equal(typeof error.message, 'string', method);
  }
  for (const [method, params, code] of [
    ['prepareReceiveVideoFrom', { sender: 'str_CAM_Abcd_con_Nobody1234', reconnect: false }, [102, 105]],
    ['sendMessage', { message: 'no JSON' }, [600]],
    ['sendMessage', { message: JSON.stringify({ to: ['con_Nobody1234'], data: '', type: 'signal:x' }) }, [601]],
    ['forceDisconnect', { connectionId: 'con_Nobody1234' }, [401]],
    ['unpublishVideo', {}, [105]],
    ['joinRoom', { token: rpc.token, session: meeting.session, platform: '', sdkVersion: '2.32.2', metadata: '', secret: '' }, [104, 401]],
  ]) {
    const error = await rpc.error(method, params);
    assert.ok(code.includes(error.code), `${method} ${JSON.stringify(params)}: ${JSON.stringify(error)}`);
  }
  assert.deepEqual((await rpc.request('echo', {})).error, undefined);
});

test('SDP that is garbage is refused with 302 and leaves nothing behind', async (context) => {
  const meeting = await Meeting.open(context);
  const rpc = await joined(context, meeting);
  const garbage = [
    '', 'garbage', 'v=0', 'v=0\r\n'.repeat(2000), `v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=video ${'9 '.repeat(9000)}\r\n`,
    'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=sendonly\r\n',
    randomBytes(2000).toString('latin1'), 'v=0\r\nm=\r\na=\r\n\r\n=\r\n',
  ];
  for (const sdpOffer of garbage) {
    const error = await rpc.error('publishVideo', { ...OPTIONS, sdpOffer });
    assert.equal(error.code, 302, `${sdpOffer.slice(0, 30)}: ${JSON.stringify(error)}`);
  }
  const { body } = await meeting.rest.get(meeting.path(`/connection/${rpc.id}`));
  assert.deepEqual(body.publishers, []);
});

test('an answer to an offer that is garbage is refused, and the offer can be had again', async (context) => {
  const meeting = await Meeting.open(context);
  const ada = await meeting.publisher(chromium());
  const rpc = await joined(context, meeting);
  for (let attempt = 0; attempt < 2; attempt++) {
    const { sdpOffer } = await rpc.result('prepareReceiveVideoFrom', { sender: ada.stream, reconnect: false });
    assert.match(sdpOffer, /^v=0/);
    assert.match(sdpOffer, /m=audio/);
    assert.match(sdpOffer, /m=video/);
    const error = await rpc.error('receiveVideoFrom', { sender: ada.stream, sdpAnswer: 'garbage' });
    assert.equal(error.code, 302, JSON.stringify(error));
  }
});

test('candidates before, after and without their time are taken without complaint', async (context) => {
  const meeting = await Meeting.open(context);
  const ada = await meeting.publisher(chromium());
  const rpc = await joined(context, meeting);
  const candidate = 'candidate:1 1 udp 2122260223 127.0.0.1 50000 typ host generation 0';
  for (const [endpointName, text, sdpMid] of [
    [rpc.id, candidate, '0'],
    [ada.id, candidate, '0'],
    ['con_Nobody1234', candidate, '0'],
    [rpc.id, '', '0'],
    [rpc.id, 'garbage', '17'],
    [rpc.id, `candidate:1 1 udp 1 ${'x'.repeat(5000)} 1 typ host`, '0'],
    [rpc.id, 'candidate:1 1 udp 1 0123456789.local 9 typ host', null],
  ]) {
    const { error } = await rpc.request('onIceCandidate', { endpointName, candidate: text, sdpMid, sdpMLineIndex: 0 });
    assert.equal(error, undefined, `${endpointName} ${text.slice(0, 20)}`);
  }
  const bob = await meeting.join(chromium());
  await bob.seesVideoOf(ada);
});

test('a frame of 2 MB is refused and harms nobody', async (context) => {
  const meeting = await Meeting.open(context);
  const ada = await meeting.publisher(chromium());
  const bob = await meeting.join(chromium());
  await bob.seesVideoOf(ada);
  const rpc = await joined(context, meeting);
  const message = JSON.stringify({ to: [], type: 'signal:big', data: 'x'.repeat(2 * 1024 * 1024) });
  const answered = rpc.request('sendMessage', { message }).then(
    ({ error }) => (error ? 'refused' : 'taken'),
    () => 'no answer',
  );
  const outcome = await Promise.race([answered, rpc.closed.then(({ code }) => code)]);
  assert.ok(outcome === 'refused' || [1006, 1009].includes(outcome), `a frame of 2 MB was ${outcome}`);
  await bob.seesVideoOf(ada);
  await ada.call('signal', { type: 'chat', data: 'still here' });
  await bob.hears('signal', { data: 'still here' });
});

test('thirty clients that vanish leave nothing behind', async (context) => {
  const meeting = await Meeting.open(context);
  const files = () => meeting.server.processes.map((pid) => readdirSync(`/proc/${pid}/fd`).length);
  const before = files();
  for (let i = 0; i < 30; i++) (await joined(context, meeting)).drop();
  // Nobody says goodbye, so each is waited for as long as a lost network may take to come back.
  await until('the session to end', async () => (await meeting.rest.get(meeting.path())).status === 404, {
    timeout: 20_000,
  });
  await until('descriptors to be closed', () => files().every((count, i) => count <= before[i] + 2));
});

test('garbage at the media port is dropped and the call goes on', async (context) => {
  const meeting = await Meeting.open(context);
  const ada = await meeting.publisher(chromium());
  const bob = await meeting.join(chromium());
  await bob.seesVideoOf(ada);
  const { remotePort, remoteAddress } = await bob.call('path', ada.id);
  const socket = createSocket('udp4');
  context.after(() => socket.close());
  for (const datagram of hostileDatagrams()) socket.send(datagram, remotePort, remoteAddress);
  await bob.seesVideoOf(ada);
  await bob.hearsAudioOf(ada);
  const carl = await meeting.join(chromium());
  await carl.seesVideoOf(ada);
});

/** Datagrams of every kind that the media port tells apart by their first byte, none of them honest. */
function hostileDatagrams() {
  const stun = Buffer.alloc(64);
  stun.writeUInt16BE(0x0001, 0);
  stun.writeUInt16BE(44, 2);
  stun.writeUInt32BE(0x2112a442, 4);
  randomBytes(12).copy(stun, 8);
  const rtp = (ssrc, length) => {
    const packet = randomBytes(length);
    packet[0] = 0x80;
    packet[1] = 96;
    packet.writeUInt32BE(ssrc, 8);
    return packet;
  };
  const rtcp = Buffer.from([0x81, 206, 0xff, 0xff, 0, 0, 0, 1]);
  const dtls = Buffer.concat([Buffer.from([22, 254, 253]), randomBytes(200)]);
  const datagrams = [Buffer.alloc(0), Buffer.from([0]), stun, stun.subarray(0, 21), rtcp, rtcp.subarray(0, 5), dtls, dtls.subarray(0, 4)];
  for (let i = 0; i < 200; i++) datagrams.push(rtp(i * 7919, 12 + (i % 300)), randomBytes(1 + (i * 7) % 1400));
  return datagrams;
}
