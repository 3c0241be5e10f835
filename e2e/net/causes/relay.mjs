// Causes in a relay that is not Muster's own: Debian's coturn, as operators run it.
import { Coturn } from '../harness/coturn.mjs';
import { PRIVATE } from '../harness/stage.mjs';

export const RELAY_CAUSES = [
  {
    number: 2,
    code: 'wrong-relay-address',
    what: 'the relay tells an address that nobody is at',
    stage: { plan: PRIVATE, master: Coturn.setting(), coturn: { external: '203.0.113.77' } },
    heals: false,
    cure: (stage) => again(stage, {}),
  },
  {
    number: 5,
    code: 'relay-secret',
    what: 'the relay has another secret than the master',
    stage: { plan: PRIVATE, master: Coturn.setting('the-secret-of-yesterday'), coturn: {} },
    heals: false,
    cure: (stage) => again(stage, { options: ['--static-auth-secret', 'the-secret-of-yesterday'] }),
  },
  {
    number: 7,
    code: 'relay-peer-denied',
    what: 'the relay refuses the private addresses of the nodes',
    stage: { plan: PRIVATE, master: Coturn.setting(), coturn: { options: ['--denied-peer-ip', '10.0.0.0-10.255.255.255'] } },
    heals: false,
    cure: (stage) => again(stage, {}),
  },
  {
    number: 17,
    code: 'relay-capacity',
    what: 'the relay has room for one allocation',
    stage: { plan: PRIVATE, master: Coturn.setting(), coturn: { options: ['--total-quota', '1'] } },
    heals: false,
    cure: (stage) => again(stage, {}),
  },
  {
    code: 'relay-unreachable',
    what: 'the relay is stopped during a call',
    stage: { plan: PRIVATE, master: Coturn.setting(), coturn: {} },
    during: true,
    inject: (stage) => stage.coturn.stop(),
    heals: false,
    cure: (stage) => again(stage, {}),
  },
  {
    code: 'relay-unreachable',
    what: 'one of two relays is not there',
    stage: { plan: PRIVATE, master: Coturn.settings([3478, 3479]), coturn: {} },
    // Newcomers are not told of it.
    heals: true,
  },
];

/** The operator mends the relay. */
function again(stage, options) {
  stage.coturn.stop();
  stage.coturn = stage.started(Coturn.start(stage.cluster.space('relay'), options));
}
