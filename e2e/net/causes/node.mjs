// Causes in how nodes were started, where they are and who they are.
import { clockAhead } from '../../harness/clock.mjs';
import { sleep } from '../../harness/wait.mjs';
import { OUTSIDE } from '../harness/cluster.mjs';
import { MEDIA } from '../harness/stage.mjs';

const OTHER_ADDRESS = '10.20.0.199';
const BRIDGE = '172.17.0.1';
const NOBODY = '192.0.2.9';

export const NODE_CAUSES = [
  {
    number: 1,
    code: 'frozen-public-address',
    what: 'nodes are told the public address of yesterday',
    stage: {
      nodes: { ...OUTSIDE, MUSTER_NODE_PUBLIC_ADDRESSES: '203.0.113.99' },
      told: false,
      opens: false,
    },
    heals: false,
    cure: (stage) => stage.again(),
  },
  {
    number: 4,
    code: 'half-start',
    what: 'each node is started twice within two seconds, before there is a network',
    async inject(stage) {
      for (const name of stage.nodes) stage.run(name, 'ip link set dev eth0 down');
      for (const name of stage.nodes) await stage.restart(name);
      await sleep(1000);
      for (const name of stage.nodes) await stage.restart(name);
      await sleep(1000);
      for (const name of stage.nodes) {
        stage.run(name, 'ip link set dev eth0 up');
        stage.run(name, 'ip route replace default via 10.20.0.1 dev eth0 onlink');
      }
      await sleep(1000);
      await stage.cluster.serves(stage.nodes.length, 40_000);
    },
    heals: true,
  },
  {
    number: 6,
    code: 'clock-skew',
    what: 'the clocks of the nodes are ten minutes ahead',
    stage: { nodes: () => clockAhead(600) },
    heals: true,
  },
  {
    number: 9,
    code: 'node-not-ready',
    what: 'nodes are used whose media does not answer yet',
    stage: { master: { MUSTER_CLUSTER_PROBE: 'false' } },
    inject(stage) {
      for (const name of stage.nodes) stage.filter(name, { input: [`udp dport ${MEDIA} drop`, `tcp dport ${MEDIA} drop`] });
    },
    heals: false,
  },
  {
    number: 10,
    code: 'node-identity',
    what: 'a second machine is an image of the first',
    async inject(stage) {
      const { cluster } = stage;
      for (const copy of ['node2', 'node3']) {
        await cluster.program(copy).end('SIGKILL');
        cluster.clone('node1', `${copy}-image`);
        cluster.startNode(copy, { id: 'node1', data: `${copy}-image` });
      }
      await sleep(1000);
      await cluster.isOpen(20_000);
    },
    heals: true,
  },
  {
    number: 11,
    code: 'stale-node-settings',
    what: 'nodes are told the private address that they had yesterday',
    stage: { nodes: { MUSTER_NODE_PUBLIC_ADDRESSES: OTHER_ADDRESS }, told: false, opens: false },
    heals: false,
    cure: (stage) => stage.again(),
  },
  {
    number: 12,
    code: 'classic-stun',
    what: 'the STUN servers by which nodes learn of their public addresses are gone',
    stage: { nodes: { MUSTER_NODE_STUN_SERVERS: NOBODY }, told: false },
    // Through the relay of the master.
    heals: true,
  },
  {
    number: 14,
    code: 'bridge-candidates',
    what: 'nodes tell the address of a bridge of containers',
    stage: { nodes: { MUSTER_NODE_PUBLIC_ADDRESSES: BRIDGE }, told: false, opens: false },
    inject(stage) {
      for (const name of stage.nodes) {
        stage.run(name, 'ip link add docker0 type bridge');
        stage.run(name, `ip address add ${BRIDGE}/16 dev docker0`);
        stage.run(name, 'ip link set dev docker0 up');
      }
    },
    async cure(stage) {
      for (const name of stage.nodes) stage.run(name, 'ip link del docker0');
      await stage.again();
    },
    heals: false,
  },
];
