// Which clients' networks reach which nodes, and by which path: in every cell two people see each other.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chromiumAt, firefoxAt } from './harness/browsers.mjs';
import { Call, inWords, isRelayed } from './harness/call.mjs';
import { Cluster } from './harness/cluster.mjs';
import { WHOLE } from './harness/extent.mjs';
import { table } from './harness/table.mjs';
import { until } from '../harness/wait.mjs';

/** What kind of machine each node is on. */
const NODES = {
  node1: { kind: 'public', place: { public: '203.0.113.21', own: true } },
  node2: { kind: 'private, mapped 1:1', place: { private: '10.20.0.22', public: '203.0.113.22' } },
  node3: { kind: 'private', place: { private: '10.20.0.23' } },
};
/** The networks of both people, what they let out, and where a node that can be reached is to be reached directly. */
const CLIENTS = {
  open: { passes: ['udp', 'tcp', 'tls'], direct: true },
  nat: { passes: ['udp', 'tcp', 'tls'], direct: true },
  'symmetric nat': { passes: ['udp', 'tcp', 'tls'], direct: true },
  // A pair whose checks were lost may be late: then another one counts.
  lossy: { passes: ['udp', 'tcp', 'tls'] },
  'udp blocked': { passes: ['tcp', 'tls'] },
  'only 443': { passes: ['tls'] },
};
/** The cells of the sample. */
const SAMPLE = ['open node1', 'nat node3', 'symmetric nat node2', 'udp blocked node2', 'only 443 node3'];

test('people in any network see each other through any node', { timeout: 600_000 }, async (context) => {
  const places = Object.fromEntries(Object.entries(NODES).map(([name, { place }]) => [name, place]));
  const cluster = await Cluster.at(places);
  context.after(() => cluster.close());
  await cluster.up({ told: true });
  const [a, b] = cluster.laboratory.homes;
  const browsers = [chromiumAt(a), WHOLE ? firefoxAt(b) : chromiumAt(b)];
  const rows = [];
  context.after(() => console.log(table(['client', 'node', 'seconds', 'path'], rows)));
  for (const [network, client] of Object.entries(CLIENTS)) {
    for (const home of [a, b]) home.move(network);
    for (const [node, { kind, place }] of Object.entries(NODES)) {
      if (!WHOLE && !SAMPLE.includes(`${network} ${node}`)) continue;
      const call = await Call.between(context, cluster, { node, browsers });
      const seconds = await call.seen();
      const paths = await settled(call, client, place);
      rows.push([network, kind, seconds, [...new Set(paths.map(inWords))].join('; ')]);
      await call.close();
    }
  }
});

/** The paths on which a call settles: browsers begin with the first that works, and leave it for a better one. */
async function settled(call, client, place) {
  return until('paths that are as they should be', async () => {
    const paths = await call.paths();
    for (const path of paths) judge(path, client, place);
    return paths;
  });
}

/** Direct where that is possible, and by nothing that the network does not let out. */
function judge(path, { passes, direct }, place) {
  const words = inWords(path);
  const relayed = isRelayed(path);
  assert.ok(passes.includes(relayed ? path.relayProtocol : path.protocol), words);
  if (!place.public) assert.ok(relayed, words);
  if (!relayed) assert.equal(path.remoteAddress, place.public, words);
  if (direct && place.public) assert.deepEqual([relayed, path.protocol], [false, 'udp'], words);
}
