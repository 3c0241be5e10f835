// Causes in the master and in how it is spoken to.
import { sleep } from '../../harness/wait.mjs';
import { expiredCertificate } from '../harness/stage.mjs';

const SECOND = '10.20.0.11';

export const MASTER_CAUSES = [
  {
    number: 15,
    code: 'signalling-order',
    what: "the first description of each client's own is lost on its way",
    // An answer that the SDK believes to have sent.
    page: { lose: 'receiveVideoFrom' },
    // The node gives the peer connection up, and another is offered.
    heals: true,
  },
  {
    number: 20,
    code: 'node-left-out',
    what: 'all nodes are drained, and a call keeps one of them',
    during: true,
    async inject({ cluster, nodes }) {
      for (const name of nodes) await cluster.drain(name);
    },
    // Media goes on meanwhile; nobody else gets in.
    heals: true,
  },
  {
    number: 22,
    code: 'tls-certificate',
    what: 'the certificate has expired',
    stage: {
      master() {
        const { key, cert } = expiredCertificate('/run');
        return { MUSTER_TLS_CERT: cert, MUSTER_TLS_KEY: key };
      },
    },
    heals: true,
  },
  {
    number: 23,
    code: 'second-master',
    what: "an image of the master's machine runs for a while, and nodes come to it",
    during: true,
    async inject(stage) {
      const { cluster, laboratory } = stage;
      cluster.clone('master', 'second');
      cluster.lay({ second: { private: SECOND } });
      cluster.startMaster({ name: 'second' });
      // Nodes that dial anew come to the other one for a while.
      laboratory.names.set('master.cloud.example', SECOND);
      for (const name of stage.nodes) stage.filter(name, { input: `ip saddr ${cluster.plan.master.private} tcp sport 4442 reject with tcp reset` });
      await sleep(4000);
      stage.open();
      laboratory.names.set('master.cloud.example', cluster.plan.master.private);
      await cluster.program('second').end('SIGKILL');
    },
    // Media goes on meanwhile.
    heals: true,
  },
];
