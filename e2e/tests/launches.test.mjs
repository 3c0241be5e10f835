// Many nodes at once: each is let in, and only once. `make fleet N=20` does so many rounds.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { alive } from '../harness/process.mjs';
import { Server } from '../harness/server.mjs';
import { until } from '../harness/wait.mjs';

const ROUNDS = Number(process.env.ROUNDS ?? 1);
const NODES = 20;

test(`${NODES} nodes launched at once all serve, ${ROUNDS} times over`, { timeout: 120_000 * ROUNDS }, async (context) => {
  const slowest = [];
  for (let round = 1; round <= ROUNDS; round++) {
    const started = performance.now();
    const server = await Server.start({ flags: ['--nodes', String(NODES), '--shards', '1'] });
    await until(`${NODES} nodes to serve`, async () => (await serving(server)).length === NODES, { timeout: 60_000 });
    slowest.push(Number(((performance.now() - started) / 1000).toFixed(1)));
    const processes = server.processes;
    assert.equal(processes.length, NODES + 1);
    assert.deepEqual(await server.stop(), [], 'these processes had to be killed');
    assert.deepEqual(processes.filter(alive), []);
    // What a process wrote last may arrive after its end.
    await until('the whole log', () => admissions(server).length >= NODES);
    const names = admissions(server);
    assert.equal(names.length, NODES, `admissions: ${names}`);
    assert.equal(new Set(names).size, NODES, `admissions: ${names}`);
  }
  context.diagnostic(`seconds until the last of ${NODES} nodes served: ${slowest.join(', ')}; slowest ${Math.max(...slowest)}`);
});

/** The nodes that sessions may be placed on. */
async function serving(server) {
  const { body } = await server.rest.get('/muster/api/v1/nodes');
  return body.nodes.filter(({ state }) => state === 'serving');
}

/** Whom the log says to have been let in, each as often as it was. */
function admissions(server) {
  const lines = readFileSync(server.log, 'utf8').split('\n');
  return lines.filter((line) => line.includes('node attached')).map((line) => /media_\d+_\d+/.exec(line)?.[0]);
}
