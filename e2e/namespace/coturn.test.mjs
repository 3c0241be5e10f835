// Debian's coturn in place of Muster's relays: the master makes credentials under its `static-auth-secret`, and media goes
// through it, since no other way leads from the browsers to the node's ports.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { chromium } from '../harness/browsers.mjs';
import { Firewall } from '../harness/firewall.mjs';
import { Meeting } from '../harness/meeting.mjs';
import { NAMESPACE_HOST, Server } from '../harness/server.mjs';
import { until } from '../harness/wait.mjs';

const PORT = 3999;
const SECRET = 'shared-with-coturn';
const PATIENCE = { timeout: 60_000 };

test('two people see and hear each other through a coturn that shares its secret', async (context) => {
  const coturn = await startCoturn(context);
  const server = await Server.start({
    host: NAMESPACE_HOST,
    environment: {
      MUSTER_CLUSTER_PROBE: 'false',
      MUSTER_WEBRTC_ICE_SERVERS: `url=turn:${NAMESPACE_HOST}:${PORT},staticAuthSecret=${SECRET}`,
    },
  });
  const { body } = await server.rest.get('/muster/api/v1/nodes');
  const ports = body.nodes[0].mediaPorts.join();
  // coturn runs as nobody, the browsers do not.
  Firewall.drop(`meta skuid 0 udp dport {${ports}}`, `tcp dport {${ports}}`);
  context.after(() => Firewall.open());
  const meeting = await Meeting.open(context, { server });
  const ada = await meeting.publisher(chromium());
  const bob = await meeting.publisher(chromium());
  await Promise.all([ada.seesAndHears(bob, PATIENCE), bob.seesAndHears(ada, PATIENCE)]);
  for (const [person, of] of [[ada, ada], [ada, bob], [bob, ada]]) {
    const { type, relayProtocol, server: url } = await person.call('path', of.id);
    assert.deepEqual([type, relayProtocol], ['relay', 'udp']);
    assert.ok(url.startsWith(`turn:${NAMESPACE_HOST}:${PORT}`), url);
  }
  assert.match(coturn.said, /ALLOCATE processed, success/);
});

/** As an operator would run it beside Muster. */
async function startCoturn(context) {
  // It looks for users in a database first, which nobody cannot open in Debian's place.
  const directory = mkdtempSync(path.join(tmpdir(), 'muster-coturn-'));
  chmodSync(directory, 0o777);
  const process_ = spawn('turnserver', [
    '-n', '--listening-ip', NAMESPACE_HOST, '--relay-ip', NAMESPACE_HOST, '--listening-port', String(PORT),
    '--use-auth-secret', '--static-auth-secret', SECRET, '--realm', 'example', '--min-port', '50000', '--max-port', '50199',
    '--no-cli', '--no-tls', '--no-dtls', '--proc-user', 'nobody', '--proc-group', 'nogroup', '--pidfile', '/dev/null', '--userdb', path.join(directory, 'turndb'),
    '--log-file', 'stdout', '--simple-log', '--verbose',
  ], { stdio: ['ignore', 'pipe', 'inherit'] });
  context.after(() => {
    process_.kill('SIGKILL');
    rmSync(directory, { recursive: true, force: true });
  });
  const coturn = { said: '' };
  process_.stdout.on('data', (text) => (coturn.said += text));
  await until('coturn to listen', () => coturn.said.includes(`${NAMESPACE_HOST}:${PORT}`));
  return coturn;
}
