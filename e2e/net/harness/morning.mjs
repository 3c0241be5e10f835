import { sleep } from '../../harness/wait.mjs';
import { USUAL } from './cluster.mjs';

/** What becomes of the master's public address in the morning. */
export const ADDRESSES = ['known at boot', 'late', 'wrong in the metadata', 'changing during the call'];
/** Whether nodes come back, or new ones come instead of them. */
export const RETURNS = ['the same nodes', 'nodes recreated'];
const NAMES = Object.keys(USUAL);
/** How long a late address takes after the last start, milliseconds. */
const LATE_MS = 2000;

/** Every start order with everything that may become of addresses and nodes. */
export function everyMorning() {
  return ADDRESSES.flatMap((address) => RETURNS.flatMap((returns) => orders(NAMES).map((order) => ({ address, returns, order }))));
}

function orders(names) {
  if (names.length === 0) return [[]];
  return names.flatMap((first) => orders(names.filter((name) => name !== first)).map((rest) => [first, ...rest]));
}

/** The cluster's day after day: each ends at midnight and begins elsewhere. */
export class Calendar {
  #day = 0;

  constructor(cluster) {
    this.cluster = cluster;
  }

  /** Everything ends, by SIGTERM on even days and by SIGKILL on odd ones. */
  async midnight() {
    await this.cluster.end(this.#day % 2 === 0 ? 'SIGTERM' : 'SIGKILL');
    for (const home of this.cluster.laboratory.homes) home.reconnect();
  }

  /** Everything starts in this order, at other addresses than yesterday. Returns when the first process was started. */
  async morning({ address, returns, order }) {
    const { cluster } = this;
    const { metadata } = cluster.laboratory;
    const yesterday = cluster.plan.master.public;
    this.#day++;
    const today = this.#plan();
    cluster.laboratory.cloud.relay(true);
    const begun = performance.now();
    cluster.lay(address === 'late' ? { ...today, master: { private: today.master.private } } : today, this.#names(address));
    if (address === 'wrong in the metadata') metadata.say(today.master.private, yesterday);
    for (const name of order) await this.#start(name, returns);
    if (address === 'late') {
      await sleep(LATE_MS);
      cluster.lay({ master: today.master });
    }
    return begun;
  }

  /**
   * The master's public address becomes another while everything runs, and what goes through its relay has to go another
   * way. HTTPS goes on at the old one, as at a load balancer's: browsers keep what they know of names for a minute, and
   * nothing could be told of the master meanwhile.
   */
  moveMaster() {
    const { master } = this.cluster.plan;
    this.cluster.laboratory.cloud.relay(false);
    this.cluster.lay({ master: { ...master, public: `203.0.113.${100 + (this.#day % 100)}` } }, this.#names('changing during the call'));
  }

  #names(address) {
    return { front: address === 'changing during the call' };
  }

  async #start(name, returns) {
    const { cluster } = this;
    if (name === 'master') return cluster.startMaster();
    if (returns === 'the same nodes') return cluster.startNode(name);
    return cluster.startNode(name, { id: `${name}-${this.#day}` });
  }

  /** Addresses that nobody had yesterday. */
  #plan() {
    const shift = this.#day % 2 === 0 ? 0 : 100;
    const master = { private: `10.20.0.${10 + shift}`, public: `203.0.113.${10 + (this.#day % 80)}` };
    const nodes = this.cluster.names.map((name, index) => [name, { private: `10.20.0.${21 + index + shift}` }]);
    return { master, ...Object.fromEntries(nodes) };
  }
}
