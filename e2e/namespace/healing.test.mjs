// UDP to the node is blocked during a call: the picture comes back by itself, by TCP, and the diagnosis says which rule is
// missing. When UDP is let through again, nothing is lost.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chromium } from '../harness/browsers.mjs';
import { Firewall } from '../harness/firewall.mjs';
import { Meeting } from '../harness/meeting.mjs';
import { Server } from '../harness/server.mjs';
import { until } from '../harness/wait.mjs';

test('a call whose UDP is blocked goes on by TCP, and the missing rule is named', async (context) => {
  const server = await Server.inNamespace({ environment: { MUSTER_CLUSTER_PROBE: 'false' } });
  const meeting = await Meeting.open(context, { server });
  const ada = await meeting.publisher(chromium());
  const bob = await meeting.publisher(chromium());
  await Promise.all([ada.seesAndHears(bob), bob.seesAndHears(ada)]);
  assert.equal((await ada.call('path', bob.id)).protocol, 'udp');
  assert.deepEqual((await diagnosis(server)).failures, []);

  Firewall.drop('meta l4proto udp');
  context.after(() => Firewall.open());
  const begun = performance.now();
  const patience = { timeout: 60_000 };
  await until('both pictures to come by TCP', async () => {
    const ways = await Promise.all([[ada, ada], [ada, bob], [bob, ada], [bob, bob]].map(([who, of]) => way(who, of)));
    return ways.every((protocol) => protocol === 'tcp');
  }, patience);
  await Promise.all([ada.seesAndHears(bob, patience), bob.seesAndHears(ada, patience)]);
  console.log(`pictures back after ${((performance.now() - begun) / 1000).toFixed(1)} s`);

  const named = await until('the diagnosis', async () => {
    const { failures } = await diagnosis(server);
    return failures.find(({ findings: [first], healed }) => first?.cause === 'media-udp-blocked' && healed);
  }, { timeout: 20_000 });
  const [first] = named.findings;
  assert.equal(first.missingRule.protocol, 'udp');
  assert.match(first.missingRule.to, /^10\.77\.0\.1:\d+$/);
  assert.match(first.proof, /missing rule: UDP from anywhere to 10\.77\.0\.1/);
  await until('the log to say so', () => /media-udp-blocked/.test(server.tail(400)));

  Firewall.open();
  assert.ok(await ada.framesWithin(bob, 3_000) > 0);
  assert.ok(await bob.framesWithin(ada, 3_000) > 0);
});

async function diagnosis(server) {
  const { body } = await server.rest.get('/muster/api/v1/diagnosis');
  return body;
}

/** By which protocol a participant gets somebody's media, or sends its own; none while there is no path. */
async function way(who, of) {
  try {
    return (await who.call('path', of.id)).protocol;
  } catch {
    return undefined;
  }
}
