import { AFTER_ROUTING, BEFORE_ROUTING, FORWARD, Space } from './space.mjs';

/** By which machines of the cloud without a public address of their own appear outside. */
export const EGRESS = '203.0.113.2';
/** Where the cloud's load balancer is, which leads HTTPS to the master and never moves; and, if it is to, what is for its relay. */
export const FRONT = '203.0.113.3';
const GATEWAY = '10.20.0.1';

/**
 * A private subnet with machines, behind a gateway. What a machine is reached at is its plan: `private` (an address of
 * the subnet), `public` and how the two belong together: `mapped` one to one by the gateway, or `own`, on its interface.
 */
export class Cloud {
  machines = new Map();
  /** Whether the load balancer leads UDP to the master's relay, too. */
  #relays = false;
  /** Conditions of nftables whose packets the gateway drops. */
  #blocked = [];

  constructor(internet) {
    this.internet = internet;
    this.gateway = Space.make('gateway');
    internet.cable('cloud', this.gateway, 'wan');
    internet.ip('address add 192.0.2.128/31 dev cloud');
    this.gateway.ip('address add 192.0.2.129/31 dev wan');
    this.gateway.ip(`address add ${EGRESS}/32 dev wan`);
    this.gateway.ip('link add lan type bridge');
    this.gateway.ip('link set lan up');
    this.gateway.ip(`address add ${GATEWAY}/24 dev lan`);
    this.gateway.ip(`route add default via 192.0.2.128 src ${EGRESS}`);
    this.gateway.routes();
    internet.ip('route add blackhole 203.0.113.0/24');
    for (const own of [EGRESS, FRONT]) internet.ip(`route add ${own}/32 via 192.0.2.129`);
    internet.ip('route add 10.20.0.0/24 via 192.0.2.129');
  }

  /** A machine with a cable and no address yet. */
  machine(name) {
    const space = Space.make(name);
    this.gateway.cable(name, space, 'eth0');
    this.gateway.ip(`link set dev ${name} master lan`);
    // What is for a machine's own public address comes back by the port that it came from.
    this.gateway.ip(`link set dev ${name} type bridge_slave hairpin on`);
    this.machines.set(name, { space });
    return space;
  }

  /** Gives a machine other addresses. */
  plan(name, plan) {
    const machine = this.machines.get(name);
    this.forget(machine.plan);
    const { space } = machine;
    machine.plan = plan;
    const address = plan.own ? `${plan.public}/32` : `${plan.private}/24`;
    if (address !== machine.address) {
      machine.address = address;
      space.ip('address flush dev eth0 scope global');
      space.ip(`address add ${address} dev eth0`);
      space.ip(`route replace default via ${GATEWAY} dev eth0 onlink`);
    }
    if (plan.public) this.internet.ip(`route replace ${plan.public}/32 via 192.0.2.129`);
    if (plan.own) this.gateway.ip(`route replace ${plan.public}/32 dev lan`);
    this.#translate();
  }

  /** From now on nobody is at this plan's public address. */
  forget(plan) {
    if (!plan?.public) return;
    this.internet.ip(`route del ${plan.public}/32`);
    if (plan.own) this.gateway.ip(`route del ${plan.public}/32`);
  }

  /** Whether the load balancer leads UDP to the master's relay; if not, what has been led there goes nowhere any more. */
  relay(relays) {
    this.#relays = relays;
    this.#translate();
  }

  /** Has the gateway drop what meets these conditions, instead of what it dropped before. */
  block(...conditions) {
    this.#blocked = conditions;
    this.#translate();
  }

  #translate() {
    const mapped = [...this.machines.values()].map(({ plan }) => plan).filter((plan) => plan?.public && !plan.own);
    const each = (rule) => mapped.map(rule);
    const master = this.machines.get('master')?.plan?.private;
    this.gateway.table('cloud', {
      arriving: [
        BEFORE_ROUTING,
        ...each((plan) => `ip daddr ${plan.public} dnat to ${plan.private}`),
        ...(master ? [`ip daddr ${FRONT} tcp dport 443 dnat to ${master}`] : []),
        ...(master && this.#relays ? [`ip daddr ${FRONT} udp dport 3478 dnat to ${master}`] : []),
      ],
      leaving: [
        AFTER_ROUTING,
        'ip daddr 169.254.169.254 return',
        ...each((plan) => `oifname wan ip saddr ${plan.private} snat to ${plan.public}`),
        `oifname wan ip saddr 10.20.0.0/24 snat to ${EGRESS}`,
        // The way back to a public address of the cloud itself.
        ...each((plan) => `oifname lan ct status dnat ip saddr ${plan.private} snat to ${plan.public}`),
        `oifname lan ct status dnat ip saddr 10.20.0.0/24 snat to ${EGRESS}`,
      ],
      passing: [
        FORWARD,
        ...(this.#relays ? [] : [`ct original ip daddr ${FRONT} meta l4proto udp drop`]),
        ...this.#blocked.map((condition) => `${condition} drop`),
      ],
    });
  }
}
