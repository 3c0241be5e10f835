// Every night everything ends, and every morning it starts again: in another order, at other addresses, after SIGTERM
// or SIGKILL. Each morning a call must work. `make nights N=50` lives through more nights than the sample here;
// SEED=… lives through the same ones again.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chromium, firefox } from '../harness/browsers.mjs';
import { Fleet } from '../harness/fleet.mjs';
import { Meeting } from '../harness/meeting.mjs';
import { Seeded } from '../harness/seeded.mjs';
import { sleep } from '../harness/wait.mjs';

const NIGHTS = Number(process.env.NIGHTS ?? 3);
const SEED = Number(process.env.SEED ?? Date.now() % 1_000_000);
const NODES = 3;
/** Longest pause between two starts or two ends, milliseconds. */
const GAP_MS = 1500;

test(`after each of ${NIGHTS} nights (SEED=${SEED}) a call works`, { timeout: 60_000 * (NIGHTS + 1) }, async (context) => {
  const drawn = new Seeded(SEED);
  const fleet = await Fleet.of(NODES);
  await fleet.up();
  let call = await Call.on(context, fleet);
  const [served, seen] = [[], []];
  for (let night = 1; night <= NIGHTS; night++) {
    const forgotten = drawn.below(2) === 1;
    if (!forgotten) await call.meeting.close();
    const ends = await sunset(fleet, drawn);
    const morning = await sunrise(fleet, drawn);
    served.push(await morning.served);
    const next = await Call.on(context, fleet);
    seen.push(next.seconds);
    assert.ok(morning.addresses.includes(next.address), `${next.address} is none of this morning's ${morning.addresses}`);
    context.diagnostic(
      `night ${night}: ${forgotten ? 'a call went on' : 'nobody was there'}; ended ${ends}; started ${morning.order}; ` +
        `all nodes served after ${served.at(-1)} s, and a call was on ${seen.at(-1)} s later`,
    );
    if (forgotten) await call.meeting.close();
    call = next;
  }
  const slowest = `${Math.max(...served)} s until all nodes served, ${Math.max(...seen)} s until a call was on`;
  context.diagnostic(`a call worked on ${NIGHTS} mornings; the slowest: ${slowest}`);
});

/** Ends everything and tells in which order, and how. */
async function sunset(fleet, drawn) {
  const ends = [];
  for (const name of drawn.shuffled(['master', ...fleet.names])) {
    const signal = drawn.oneOf(['SIGTERM', 'SIGKILL']);
    await fleet.program(name).end(signal);
    ends.push(`${name} by ${signal}`);
    await sleep(drawn.oneOf([0, drawn.below(GAP_MS)]));
  }
  return ends.join(', ');
}

/** Starts everything, at other addresses. */
async function sunrise(fleet, drawn) {
  await fleet.move();
  const order = drawn.shuffled(['master', ...fleet.names]);
  const addresses = fleet.names.map(() => `127.0.${drawn.below(256)}.${1 + drawn.below(254)}`);
  for (const name of order) {
    await sleep(drawn.oneOf([0, drawn.below(GAP_MS)]));
    if (name === 'master') fleet.startMaster();
    else fleet.startNode(name, { address: addresses[fleet.names.indexOf(name)] });
  }
  const started = performance.now();
  const served = fleet.serves(NODES, 40_000).then(() => secondsSince(started));
  return { order: order.join(', '), addresses, served };
}

/** Somebody with Chromium and somebody with Firefox, who see and hear each other. */
class Call {
  static async on(context, fleet) {
    const call = new Call();
    const started = performance.now();
    call.meeting = await Meeting.open(context, { server: fleet });
    const ada = await call.meeting.publisher(chromium());
    const bob = await call.meeting.publisher(firefox());
    await Promise.all([ada.seesAndHears(bob), bob.seesAndHears(ada)]);
    call.seconds = secondsSince(started);
    call.address = (await ada.call('path', bob.id)).remoteAddress;
    return call;
  }
}

function secondsSince(moment) {
  return Number(((performance.now() - moment) / 1000).toFixed(1));
}
