// A node's own relay over TLS, at a port that firewalls let through, with a certificate of its own: told to those who
// join, looked through by probes, and the one way that is left for a call; which goes on when the certificates of node and
// master are renewed.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { connect } from 'node:tls';
import { test } from 'node:test';
import { chromium } from '../harness/browsers.mjs';
import { Firewall } from '../harness/firewall.mjs';
import { Fleet } from '../harness/fleet.mjs';
import { Participant } from '../harness/participant.mjs';
import { Rpc } from '../harness/rpc.mjs';
import { NAMESPACE_HOST } from '../harness/server.mjs';
import { until } from '../harness/wait.mjs';

const PORT = 5349;
/** It leads to the node, as it leads to everything here. */
const NAME = 'localhost';
const PATIENCE = { timeout: 40_000 };

test('people see each other through the relay of their node over TLS', async (context) => {
  const files = certificate(context);
  const fleet = await Fleet.of(1, { environment: { MUSTER_TLS_CERT: files.cert, MUSTER_TLS_KEY: files.key } });
  context.after(() => fleet.close());
  context.after(() => Firewall.open());
  fleet.startMaster();
  await fleet.answers();
  fleet.admit();
  fleet.startNode('node1', {
    address: NAMESPACE_HOST,
    environment: {
      MUSTER_NODE_RELAY_PORT: String(PORT),
      MUSTER_NODE_RELAY_HOST: NAME,
      MUSTER_NODE_RELAY_CERT: files.cert,
      MUSTER_NODE_RELAY_KEY: files.key,
    },
  });
  await fleet.serves(1);
  await until('probes to come through the relay over TLS', async () => {
    const { paths } = (await fleet.rest.get('/muster/api/v1/reachability')).body.nodes[0];
    const at = paths.map(({ path: way, good, reason }) => [way.relay, way.protocol, way.at, good, reason]);
    assert.ok(at.some((it) => it.join() === `node1,tls,${NAME}:${PORT},true,`), JSON.stringify(at));
    return true;
  }, PATIENCE);

  const session = await fleet.rest.session({});
  const [server] = (await told(fleet, session)).filter(({ url }) => url === `turns:${NAME}:${PORT}?transport=tcp`);
  assert.ok(server, 'it is told to those who join');
  const { body } = await fleet.rest.get('/muster/api/v1/nodes');
  const ports = [...body.nodes[0].mediaPorts].join();
  Firewall.drop(`udp dport {${ports}}`, `tcp dport {${ports}}`);
  const ada = await joins(context, fleet, session, server);
  const bob = await joins(context, fleet, session, server);
  await Promise.all([ada.seesAndHears(bob, PATIENCE), bob.seesAndHears(ada, PATIENCE)]);
  for (const [person, of] of [[ada, ada], [ada, bob], [bob, ada]]) {
    const { type, relayProtocol } = await person.call('path', of.id);
    assert.deepEqual([type, relayProtocol], ['relay', 'tls']);
  }

  const before = await Promise.all([PORT, fleet.port].map(shown));
  make(files);
  await until('new connections to be shown the renewed certificate', async () => {
    const now = await Promise.all([PORT, fleet.port].map(shown));
    assert.ok(now.every((fingerprint, index) => fingerprint !== before[index]), `${now} after ${before}`);
    return true;
  }, PATIENCE);
  await Promise.all([ada.seesAndHears(bob, PATIENCE), bob.seesAndHears(ada, PATIENCE)]);
});

/** The fingerprint of the certificate that a new connection to this port is shown. */
function shown(port) {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', servername: NAME, rejectUnauthorized: false });
    socket.once('error', reject);
    socket.once('secureConnect', () => {
      resolve(socket.getPeerCertificate().fingerprint256);
      socket.destroy();
    });
  });
}

/** The ICE servers that somebody who joins now is told. */
async function told(fleet, session) {
  const { token } = await fleet.rest.connection(session, {});
  const rpc = await Rpc.open(fleet.url);
  try {
    return (await rpc.joinRoom(token)).result.customIceServers;
  } finally {
    await rpc.close();
  }
}

/** Somebody who knows no other ICE server. */
async function joins(context, fleet, session, { url, username, credential }) {
  const person = await Participant.open(chromium());
  context.after(() => person.close());
  await person.call('advanced', { iceServers: [{ urls: url, username, credential }] });
  await person.connect((await fleet.rest.connection(session, {})).token, '');
  person.stream = await person.publish();
  return person;
}

function certificate(context) {
  const directory = mkdtempSync(path.join(tmpdir(), 'muster-relay-'));
  context.after(() => rmSync(directory, { recursive: true }));
  const [key, cert] = ['key.pem', 'cert.pem'].map((name) => path.join(directory, name));
  make({ key, cert });
  return { key, cert };
}

/** As a program that renews certificates does: in place, one file after the other. */
function make({ key, cert }) {
  const made = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  const named = ['-subj', `/CN=${NAME}`, '-addext', `subjectAltName=DNS:${NAME}`];
  execFileSync('openssl', [...made, ...named, '-keyout', key, '-out', cert], { stdio: 'pipe' });
}
