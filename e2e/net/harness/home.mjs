import { AFTER_ROUTING, FORWARD, Space } from './space.mjs';

/** What stands between a client and the internet: address of the client, translation, and what is let through. */
export const NETWORKS = {
  open: { address: 'public' },
  nat: { translation: 'masquerade' },
  'symmetric nat': { translation: 'masquerade fully-random' },
  'udp blocked': { translation: 'masquerade', filter: ['meta l4proto udp udp dport != 53 drop'] },
  'only 443': { translation: 'masquerade', filter: only('udp dport 53', 'tcp dport 443') },
  'udp 3478 and 443': { translation: 'masquerade', filter: only('udp dport { 53, 3478 }', 'tcp dport 443') },
  'tcp 3478 and 443': { translation: 'masquerade', filter: only('udp dport 53', 'tcp dport { 443, 3478 }') },
  lossy: { translation: 'masquerade', filter: ['meta l4proto udp numgen random mod 100 < 10 drop'] },
};

/** Lets through what meets one of these conditions, and what belongs to it. */
function only(...conditions) {
  return [...conditions.map((condition) => `${condition} accept`), 'ct state established accept', 'drop'];
}

/** A router with one host behind it, at which somebody sits before a browser. */
export class Home {
  /** `net` is the number of its network within 198.51.100.0/24, of 16 addresses each. */
  constructor(internet, letter, net) {
    this.name = `client-${letter}`;
    this.router = Space.make(`home-${letter}`);
    this.host = Space.make(this.name);
    this.address = `198.51.100.${net * 16 + 1}`;
    this.open = `198.51.100.${net * 16 + 2}`;
    this.private = `192.168.${net}.2`;
    this.inside = `192.168.${net}.1`;
    this.#wire(internet, net);
    this.move('nat');
  }

  #wire(internet, net) {
    const { router, host } = this;
    internet.cable(router.name, router, 'wan');
    router.cable('lan', host, 'eth0');
    internet.ip(`address add 192.0.2.${128 + net * 2}/31 dev ${router.name}`);
    router.ip(`address add 192.0.2.${129 + net * 2}/31 dev wan`);
    router.ip(`address add ${this.address}/32 dev wan`);
    router.ip(`address add ${this.inside}/24 dev lan`);
    router.ip(`route add default via 192.0.2.${128 + net * 2} src ${this.address}`);
    router.ip(`route add ${this.open}/32 dev lan`);
    router.routes();
    internet.ip(`route add 198.51.100.${net * 16}/28 via 192.0.2.${129 + net * 2}`);
  }

  /** Moves the client to a network of this kind. What it has open breaks where its address changes. */
  move(kind) {
    const { address } = NETWORKS[kind];
    this.kind = kind;
    const own = address === 'public' ? `${this.open}/32` : `${this.private}/24`;
    if (own !== this.own) this.#number(own);
    this.block();
  }

  /** Has the router drop what the client sends that meets these conditions, instead of what it dropped before. */
  block(...conditions) {
    const { translation, filter = [] } = NETWORKS[this.kind];
    const leaving = translation ? [`oifname wan ip saddr ${this.private} ${translation.replace('masquerade', `snat to ${this.address}`)}`] : [];
    const passing = [...conditions.map((condition) => `${condition} drop`), ...filter].map((rule) => `iifname lan ${rule}`);
    this.router.table('home', { leaving: [AFTER_ROUTING, ...leaving], passing: [FORWARD, ...passing] });
  }

  /** Leaves the network and comes back, as a laptop that was closed over night: what the browser knew of it is void. */
  reconnect() {
    this.#number(this.own);
  }

  #number(own) {
    this.own = own;
    this.host.ip('address flush dev eth0 scope global');
    this.host.ip(`address add ${own} dev eth0`);
    this.host.ip(`route replace default via ${this.inside} dev eth0 onlink`);
  }
}
