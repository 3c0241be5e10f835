// Master and nodes may be started in any order, with any gaps. `make fleet` tries every order with gaps up to 10 s.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fleet } from '../harness/fleet.mjs';
import { Seeded } from '../harness/seeded.mjs';
import { sleep } from '../harness/wait.mjs';

const NODES = 3;
const ORDERS = Number(process.env.ORDERS ?? 3);
const SEED = Number(process.env.SEED ?? Date.now() % 1_000_000);
/** Longest pause between two starts, milliseconds. */
const GAP_MS = Number(process.env.GAP_MS ?? 1000);
/** Nodes that wait for a master look for it at least this often. */
const PATIENCE_MS = 20_000;

test(`all serve in ${ORDERS} orders of start (SEED=${SEED})`, { timeout: ORDERS * (5 * GAP_MS + 60_000) }, async (context) => {
  const drawn = new Seeded(SEED);
  const fleet = await Fleet.of(NODES);
  await fleet.up();
  const all = orders(['master', ...fleet.names]);
  assert.equal(all.length, 24);
  const seconds = [];
  for (const order of drawn.shuffled(all).slice(0, ORDERS)) {
    await fleet.end(drawn.oneOf(['SIGTERM', 'SIGKILL']));
    for (const name of order) {
      if (name === 'master') fleet.startMaster();
      else fleet.startNode(name);
      await sleep(drawn.oneOf([0, drawn.below(GAP_MS), GAP_MS]));
    }
    const started = performance.now();
    await fleet.serves(NODES, PATIENCE_MS);
    seconds.push(Number(((performance.now() - started) / 1000).toFixed(1)));
    context.diagnostic(`${order.join(', ')}: all served ${seconds.at(-1)} s after the last start`);
  }
  context.diagnostic(`slowest of ${ORDERS} orders: ${Math.max(...seconds)} s`);
});

/** All permutations. */
function orders(names) {
  if (names.length === 0) return [[]];
  return names.flatMap((name) => orders(names.filter((other) => other !== name)).map((rest) => [name, ...rest]));
}
