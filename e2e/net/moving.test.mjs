// A node comes to be reached elsewhere during a call: its old address is gone, another is there. Clients are told, and
// where the browser can change over nobody has to make a peer connection anew.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sleep, until } from '../harness/wait.mjs';
import { chromiumAt, firefoxAt } from './harness/browsers.mjs';
import { Call } from './harness/call.mjs';
import { Cluster } from './harness/cluster.mjs';
import { WHOLE } from './harness/extent.mjs';
import { table } from './harness/table.mjs';

/** Frames come every 67 ms; this often it is looked how many came, milliseconds. */
const STEP = 50;
/** How long both addresses are there where they overlap, milliseconds. */
const OVERLAP = 3000;
/**
 * How long what follows is watched, and the longest that there may be no new frame, milliseconds; whether peer connections
 * are kept. Firefox takes no candidates when it is connected: the SDK connects anew.
 */
const BROWSERS = {
  chromium: { at: chromiumAt, watched: 10_000, longest: 5000, keeps: true },
  ...(WHOLE ? { firefox: { at: firefoxAt, watched: 22_000, longest: 20_000, keeps: false } } : {}),
};
/** After so much silence the link is given up and dialled anew, milliseconds. */
const SILENCE = 3500;
/** How one address takes the place of another. Each returns when the old one went. */
const CHANGES = {
  'at once': async (old, place) => {
    const changed = Date.now();
    old.go();
    place.come();
    return changed;
  },
  'one after the other': async (old, place) => {
    place.come();
    await sleep(OVERLAP);
    const changed = Date.now();
    old.go();
    return changed;
  },
  // The master hears of it when the node has dialled anew.
  'with the link': async (old, place, cluster) => {
    const changed = Date.now();
    old.go();
    cluster.lay({ node1: { private: `10.20.0.${100 + next}` } });
    place.come();
    return changed;
  },
};

let next = 50;

/** An address of the node's own, on its interface, that everybody reaches. */
class Place {
  constructor(cluster) {
    this.cloud = cluster.laboratory.cloud;
    this.space = cluster.space('node1');
    this.ip = `203.0.113.${next++}`;
  }

  come() {
    this.#say('add');
    return this;
  }

  go() {
    this.#say('del');
  }

  #say(verb) {
    this.space.ip(`address ${verb} ${this.ip}/32 dev eth0`);
    this.cloud.internet.ip(`route ${verb} ${this.ip}/32 via 192.0.2.129`);
    this.cloud.gateway.ip(`route ${verb} ${this.ip}/32 dev lan`);
  }
}

test('a call follows its node to another address', { timeout: 300_000 }, async (context) => {
  const cluster = await Cluster.at();
  context.after(() => cluster.close());
  const [a, b] = cluster.laboratory.homes;
  a.move('open');
  b.move('nat');
  await cluster.up();
  const rows = [];
  const bad = [];
  for (const [name, browser] of Object.entries(BROWSERS)) {
    for (const [how, change] of Object.entries(CHANGES)) {
      const { longest, kept } = await moves(context, cluster, browser, change);
      rows.push([name, how, ...longest.map((ms) => `${ms} ms`), `${kept} of 4`]);
      const most = browser.longest + (how === 'with the link' ? SILENCE : 0);
      if (Math.max(...longest) > most || (browser.keeps && kept < 4)) bad.push(rows.at(-1).join('  '), cluster.tail());
    }
  }
  console.log(table(['browser', 'addresses', 'a lacks b', 'b lacks a', 'kept'], rows));
  assert.deepEqual(bad, []);
});

/** The longest time without a new frame at both ends, milliseconds, and how many peer connections outlive the change. */
async function moves(context, cluster, browser, change) {
  const [old, place] = [new Place(cluster).come(), new Place(cluster)];
  await servesAt(cluster, old);
  // One after the other: Firefoxes that start together take the same port.
  const browsers = [];
  for (const home of cluster.laboratory.homes) browsers.push(Promise.resolve(await browser.at(home)));
  const call = await Call.between(context, cluster, { node: 'node1', browsers });
  await call.seen();
  const [ada, bob] = call.people;
  const before = await ids(call);
  await Promise.all([ada.call('watch', bob.id, STEP), bob.call('watch', ada.id, STEP)]);
  await sleep(1000);
  const changed = await change(old, place, cluster);
  await sleep(browser.watched);
  const longest = (await Promise.all([ada.call('watched'), bob.call('watched')])).map((samples) => stall(samples, changed));
  const kept = (await ids(call)).filter((id, index) => id === before[index]).length;
  await call.close();
  place.go();
  return { longest, kept };
}

function servesAt(cluster, { ip }) {
  return until(`node1 to serve at ${ip}`, async () => {
    const { body } = await cluster.rest.get('/muster/api/v1/nodes');
    const node = body.nodes.find(({ id }) => id === 'node1');
    if (node.state === 'serving' && node.addresses.includes(ip)) return true;
    throw new Error(`${node.state} at ${node.addresses}`);
  });
}

/** What tells the peer connections of all four ends apart. */
async function ids(call) {
  const [ada, bob] = call.people;
  const ends = [[ada, ada], [ada, bob], [bob, bob], [bob, ada]];
  const descriptions = await Promise.all(ends.map(([person, of]) => person.call('remoteDescription', of.id)));
  return descriptions.map((sdp) => /^a=ice-ufrag:(.*)$/m.exec(sdp)[1]);
}

/** The longest time without a new frame from a moment on, milliseconds. A new peer connection counts from zero. */
function stall(samples, since) {
  let [longest, last, count] = [0, since, 0];
  for (const { at, received } of samples) {
    if (at >= since && received > 0 && received !== count) {
      longest = Math.max(longest, at - last);
      last = at;
    }
    count = received;
  }
  return Math.max(longest, samples.at(-1).at - last);
}
