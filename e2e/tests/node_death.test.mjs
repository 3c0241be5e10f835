// A media node is killed in a call: the pictures come back on another one, and applications need to do nothing.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { chromium } from '../harness/browsers.mjs';
import { carrierOf } from '../harness/carrier.mjs';
import { Fleet } from '../harness/fleet.mjs';
import { Meeting } from '../harness/meeting.mjs';
import { signal } from '../harness/process.mjs';
import { Server } from '../harness/server.mjs';
import { until } from '../harness/wait.mjs';

/** The node is missed, the browser notices, the SDK waits, and then both ends make new transports. */
const REPAIR = { timeout: 60_000 };

// They wait most of the time, so they wait together.
suite('nodes that are killed', { concurrency: true }, () => {
  test('a node of muster up is killed, is started again, and the call comes back', async (context) => {
    const call = await Call.on(await Server.start({ flags: ['--nodes', '2', '--shards', '1'] }), context);
    const { dead } = await call.killNode();
    await call.comesBack(context);
    assert.notEqual(await call.carrier(), dead);
  });

  test('a node is killed for good, and the call comes back on the other one', async (context) => {
    const fleet = await Fleet.of(2);
    await fleet.up();
    const call = await Call.on(fleet, context);
    await call.killNode();
    await call.comesBack(context);
    const running = fleet.nodes.filter((node) => node.runs);
    assert.deepEqual(running.map(({ pid }) => pid), [await call.carrier()]);
  });

  test('a node is killed, and everybody is put out where the operator wants that', async (context) => {
    const fleet = await Fleet.of(2, { environment: { MUSTER_CLUSTER_NODE_LOST: 'evict' } });
    await fleet.up();
    const call = await Call.on(fleet, context);
    await call.killNode();
    for (const person of call.people) await person.hears('sessionDisconnected', { reason: 'nodeCrashed' }, REPAIR);
    const { status } = await fleet.rest.get(call.meeting.path());
    assert.equal(status, 404);
  });
});

/** Two people who see each other, and the node between them. */
class Call {
  static async on(server, context) {
    const call = new Call();
    call.meeting = await Meeting.open(context, { server });
    const ada = await call.meeting.publisher(chromium(), { sdk: '2.24.0' });
    const bob = await call.meeting.publisher(chromium(), { sdk: '2.32.2' });
    call.people = [ada, bob];
    await Promise.all([ada.seesAndHears(bob), bob.seesAndHears(ada)]);
    return call;
  }

  /** Everybody with the one whom they see. */
  get views() {
    const [ada, bob] = this.people;
    return [[ada, bob], [bob, ada]];
  }

  /** The process between them. */
  carrier() {
    return carrierOf(this.people[0]);
  }

  async killNode() {
    const dead = await this.carrier();
    this.before = await Promise.all(this.views.map(transport));
    signal(dead, 'SIGKILL');
    this.killed = performance.now();
    return { dead };
  }

  /** Both see each other by new transports, and nobody was told that anybody had gone. */
  async comesBack(context) {
    await Promise.all(this.views.map(([person, other], index) =>
      until(`a new transport at ${person.id}`, async () => (await transport([person, other])) !== this.before[index], REPAIR)
        .then(() => person.seesAndHears(other, REPAIR))));
    context.diagnostic(`both pictures were back after ${((performance.now() - this.killed) / 1000).toFixed(1)} s`);
    for (const person of this.people) {
      for (const farewell of ['streamDestroyed', 'connectionDestroyed', 'sessionDisconnected']) {
        assert.deepEqual(await person.heard(farewell), [], farewell);
      }
    }
    const { body } = await this.meeting.rest.get(this.meeting.path());
    for (const { publishers, subscribers } of body.connections.content) {
      assert.deepEqual([publishers.length, subscribers.length], [1, 1], 'REST must agree with what is seen');
    }
  }
}

/** Names the transport by which somebody gets another's picture. */
async function transport([person, other]) {
  return /^a=ice-ufrag:(\S+)/m.exec(await person.call('remoteDescription', other.id))?.[1];
}
