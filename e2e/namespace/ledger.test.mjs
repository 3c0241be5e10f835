// Who cannot be reached appears in `muster ice` as FAILED, with what was seen of it; who can be, as connected.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { chromium } from '../harness/browsers.mjs';
import { Firewall } from '../harness/firewall.mjs';
import { Meeting } from '../harness/meeting.mjs';
import { Participant } from '../harness/participant.mjs';
import { BINARY } from '../harness/program.mjs';
import { Server } from '../harness/server.mjs';
import { until } from '../harness/wait.mjs';

/** A client gives up after 15 s or so and tries again; the node waits for 30 s. */
const GIVEN_UP = { timeout: 50_000 };

function ice(server, ...args) {
  const env = { ...process.env, MUSTER_SECRET: server.secret };
  const text = execFileSync(BINARY, ['ice', ...args, '--data-dir', server.dataDir], { encoding: 'utf8', env });
  return args.includes('--json') ? JSON.parse(text) : text;
}

function transportsOf(server, person, ...filters) {
  return ice(server, '--participant', person.id, '--json', ...filters).transports;
}

/** Somebody whose page carries the script for applications. */
async function reporting(meeting) {
  const person = await Participant.open(chromium());
  const { token } = await meeting.rest.connection(meeting.session, { role: 'PUBLISHER' });
  await person.page.addScriptTag({ url: `${meeting.server.url}/muster/ice-reporter.js` });
  await person.page.evaluate((value) => void window.MusterIceReporter.watch(value), token);
  await person.connect(token, '');
  return person;
}

test('the ledger tells who was connected, who was not, and why', async (context) => {
  // The master stands in the same network and would not find the node either.
  const server = await Server.inNamespace({ environment: { MUSTER_CLUSTER_PROBE: 'false' } });
  const meeting = await Meeting.open(context, { server });
  context.after(() => Firewall.open());
  const ada = await reporting(meeting);
  context.after(() => ada.close());
  await ada.publish();
  const bob = await meeting.publisher(chromium());
  await Promise.all([ada.seesAndHears(bob), bob.seesAndHears(ada)]);
  const [sends, receives] = await until('both transports to be known as connected', () => {
    const connected = transportsOf(server, ada, '--state', 'CONNECTED');
    assert.equal(connected.length, 2, JSON.stringify(ice(server, '--json')));
    return connected.sort((a, b) => a.direction.localeCompare(b.direction));
  });
  assert.deepEqual([sends.direction, receives.direction], ['publish', 'subscribe']);
  assert.equal(sends.protocol, 'udp');
  assert.equal(sends.session, meeting.session);
  assert.match(sends.platform, /Chrom/);
  const told = await until('the browser to have told', () => {
    const story = ice(server, 'show', String(sends.id), '--json');
    assert.ok(story.evidence.browser, JSON.stringify(story));
    return story;
  });
  assert.equal(told.evidence.browser.selected, 'host');
  assert.match(told.evidence.client.userAgent, /Chrom/);
  assert.ok(told.iceServers.length > 0);
  assert.ok(told.evidence.times.firstPacketIn >= told.evidence.times.dtlsDone);

  // Those who leave have ended, and nothing of theirs has failed.
  await bob.leave();
  await ada.leave();
  await until('both to have ended', () => {
    const states = [ada, bob].flatMap((person) => transportsOf(server, person)).map(({ state }) => state);
    assert.deepEqual(states, ['ENDED', 'ENDED', 'ENDED', 'ENDED']);
    return true;
  });

  Firewall.drop('udp dport 40000-40999', 'tcp dport 40000-40999');
  const elsewhere = await Meeting.open(context, { server });
  const eve = await elsewhere.join(chromium());
  // It never comes to a picture; some versions of the SDK reject at last, others do not.
  void eve.publish().catch(() => {});
  const [failed] = await until('the blocked client to be known as failed', () => {
    const transports = transportsOf(server, eve, '--state', 'FAILED', '--since', 'today');
    assert.ok(transports.length > 0, JSON.stringify(transportsOf(server, eve)));
    return transports;
  }, GIVEN_UP);
  const { evidence } = ice(server, 'show', String(failed.id), '--json');
  assert.deepEqual(evidence.pairs, [], 'not one check came');
  assert.equal(evidence.times.firstCheck, null);
  assert.ok(evidence.local.some(({ protocol }) => protocol === 'udp'));
  assert.ok(evidence.local.some(({ protocol }) => protocol === 'tcp'));
  const story = ice(server, 'show', String(failed.id));
  assert.match(story, /Not one connectivity check/);
  const table = ice(server, '--state', 'FAILED', '--since', 'today');
  assert.match(table, new RegExp(`${eve.id} .*FAILED`));
  assert.doesNotMatch(table, new RegExp(`${bob.id} `));
  // As people look for it by hand.
  assert.match(ice(server, `state: FAILED ${eve.id}`), /FAILED/);
});
