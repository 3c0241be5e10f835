// The master's own relay by plain UDP and by TCP, each alone: networks that let nothing else out to media, and people who
// know no other relay. Its TLS at the HTTPS port, where signalling goes, is tried by networks that let only that out.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Participant } from '../harness/participant.mjs';
import { Rpc } from '../harness/rpc.mjs';
import { chromiumAt, firefoxAt } from './harness/browsers.mjs';
import { inWords, isRelayed } from './harness/call.mjs';
import { Cluster } from './harness/cluster.mjs';
import { WHOLE } from './harness/extent.mjs';
import { table } from './harness/table.mjs';

const PORT = 3478;
const PATIENCE = { timeout: 40_000 };
/** What clients are told, if nothing is changed. */
const TOLD = `turn:call.example:${PORT}?transport=udp`;

test('people see each other through the relay of the master by UDP alone and by TCP alone', { timeout: 180_000 }, async (context) => {
  const cluster = await Cluster.at();
  context.after(() => cluster.close());
  context.after(() => context.passed || console.log(cluster.tail()));
  await cluster.up();
  const homes = cluster.laboratory.homes;
  const [a, b] = homes;
  const rows = [];
  for (const transport of ['udp', 'tcp']) {
    for (const home of homes) home.move(`${transport} ${PORT} and 443`);
    const session = await cluster.rest.session({});
    const relay = await relayOf(cluster, session, transport);
    const begun = performance.now();
    const ada = await joins(context, cluster, session, chromiumAt(a), relay);
    const bob = await joins(context, cluster, session, WHOLE ? firefoxAt(b) : chromiumAt(b), relay);
    await Promise.all([ada.seesAndHears(bob, PATIENCE), bob.seesAndHears(ada, PATIENCE)]);
    const seconds = ((performance.now() - begun) / 1000).toFixed(1);
    const ends = [[ada, ada], [ada, bob], [bob, bob], [bob, ada]];
    const paths = await Promise.all(ends.map(([person, of]) => person.call('path', of.id)));
    for (const path of paths) {
      assert.deepEqual([isRelayed(path), path.relayProtocol], [true, transport], inWords(path));
      // Firefox does not tell which relay.
      if (path.server !== undefined) assert.equal(path.server, relay.urls);
    }
    rows.push([transport, seconds, [...new Set(paths.map(inWords))].join('; ')]);
  }
  console.log(table(['relay by', 'seconds', 'path'], rows));
});

/** The master's relay by this transport, with credentials of somebody who joins now. */
async function relayOf(cluster, session, transport) {
  const { token } = await cluster.rest.connection(session, {});
  const rpc = await Rpc.open(cluster.url);
  try {
    const told = (await rpc.joinRoom(token)).result.customIceServers;
    const { url, username, credential } = told.find((server) => server.url === TOLD) ?? assert.fail(JSON.stringify(told));
    return { urls: url.replace('udp', transport), username, credential };
  } finally {
    await rpc.close();
  }
}

/** Somebody who knows no other ICE server publishes. */
async function joins(context, cluster, session, browser, relay) {
  const person = await Participant.open(browser);
  context.after(() => person.close());
  await person.call('advanced', { iceServers: [relay] });
  await person.connect((await cluster.rest.connection(session, {})).token, '');
  person.stream = await person.publish();
  return person;
}
