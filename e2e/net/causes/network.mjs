// Causes in what lies between clients, relays and nodes.
import { sleep } from '../../harness/wait.mjs';
import { OUTSIDE } from '../harness/cluster.mjs';
import { MEDIA, PRIVATE } from '../harness/stage.mjs';
import { Tracker } from '../harness/tracker.mjs';

/** Too little for the call, and enough for what is said about it. */
const NARROW = '600kbit';

export const NETWORK_CAUSES = [
  {
    number: 3,
    code: 'deaf-listener',
    what: "the master's relay hears at loopback and not at its address",
    stage: { plan: PRIVATE },
    inject: (stage) => stage.filter('master', { input: `ip daddr ${stage.cluster.plan.master.private} udp dport 3478 drop` }),
    // By TLS.
    heals: true,
  },
  {
    number: 8,
    code: 'relay-permission-mismatch',
    what: "the nodes' answers to the relay come from another address",
    stage: { plan: PRIVATE },
    inject(stage) {
      for (const name of stage.nodes) {
        const other = secondOf(stage, name);
        stage.run(name, `ip address replace ${other}/32 dev eth0`);
        const rule = `ip daddr ${stage.cluster.plan.master.private} udp sport ${MEDIA} notrack ip saddr set ${other}`;
        stage.cluster.space(name).table('mangled', { leaving: ['filter hook output priority raw', rule] });
      }
    },
    heals: false,
    cure(stage) {
      for (const name of stage.nodes) {
        stage.cluster.space(name).table('mangled', {});
        stage.run(name, `ip address del ${secondOf(stage, name)}/32 dev eth0`);
      }
    },
  },
  {
    number: 13,
    code: 'media-udp-blocked',
    what: 'no UDP reaches the media ports of the nodes',
    inject: (stage) => onEach(stage, () => ({ input: `udp dport ${MEDIA} drop` })),
    // By TCP.
    heals: true,
  },
  {
    number: 16,
    code: 'dtls-or-srtp',
    what: 'ICE comes through and DTLS does not',
    // The first byte of a datagram tells DTLS (20 to 63) from STUN (RFC 7983).
    inject: (stage) => onEach(stage, () => ({ input: `udp dport ${MEDIA} @th,64,8 20-63 drop` })),
    heals: false,
  },
  {
    number: 18,
    code: 'all-relayed',
    what: 'clients reach the relay of the master alone, and the interface of its machine is full',
    before(stage) {
      const addresses = stage.nodes.map((name) => stage.cluster.plan[name].public);
      stage.laboratory.drop(`ip daddr { ${addresses.join(', ')} }`);
      stage.started({ stop: () => stage.laboratory.drop() });
    },
    during: true,
    inject(stage) {
      stage.run('master', `tc qdisc add dev eth0 root tbf rate ${NARROW} burst 10kb limit 20kb`);
      stage.started({ stop: () => stage.run('master', 'tc qdisc del dev eth0 root') });
    },
    // There is no other way.
    heals: false,
    // Clients reach the nodes; the master's machine is left as it is.
    cure: (stage) => stage.laboratory.drop(),
  },
  {
    number: 19,
    code: 'control-split',
    what: 'the link of the node that serves is half open',
    during: true,
    inject: (stage) => onEach(stage, () => ({ input: 'tcp sport 4442 drop', output: 'tcp dport 4442 drop' })),
    // Media goes on meanwhile.
    heals: true,
  },
  {
    number: 21,
    code: 'name-resolution',
    what: "the master's name leads to yesterday's address",
    stage: { master: OUTSIDE },
    during: true,
    inject: (stage) => stage.laboratory.names.set('call.example', '203.0.113.99'),
    heals: true,
    cure: (stage) => stage.laboratory.names.set('call.example', stage.cluster.plan.master.public),
  },
  {
    number: 24,
    code: 'conntrack',
    what: 'the connection trackers of the nodes are full',
    during: true,
    async inject(stage) {
      for (const name of stage.nodes) firewall(stage, name);
      // The call and the links are tracked before others take the room.
      await sleep(2000);
      await Promise.all(stage.nodes.map((name) => filled(stage, name)));
    },
    // Who calls already is tracked. Others come through by luck, where flows that nobody answered made room.
    heals: false,
    async cure(stage) {
      for (const name of stage.nodes) firewall(stage, name, { untracked: `meta l4proto { tcp, udp } th dport ${MEDIA} notrack` });
      await stage.cluster.isOpen(30_000);
    },
  },
];

/** A packet filter that keeps track of connections, as many do, and of these not. */
function firewall(stage, name, { untracked } = {}) {
  const exempt = untracked ? {
    untracked: ['filter hook prerouting priority raw', untracked],
    untracked_answers: ['filter hook output priority raw', untracked.replace('dport', 'sport')],
  } : {};
  stage.cluster.space(name).table('firewall', { ...exempt, input: ['filter hook input priority filter', 'ct state invalid drop'] });
}

async function filled(stage, name) {
  const space = stage.cluster.space(name);
  const tracker = new Tracker(space);
  stage.started({
    async stop() {
      // Ends of flows are seen where flows are.
      firewall(stage, name);
      await tracker.empty();
      space.table('firewall', {});
    },
  });
  await tracker.fill();
}

/** An address that a node has beside its own. */
function secondOf(stage, name) {
  return stage.cluster.plan[name].private.replace(/(\d+)$/, (last) => Number(last) + 200);
}

function onEach(stage, rules) {
  for (const name of stage.nodes) stage.filter(name, rules(stage.cluster.plan[name]));
}
