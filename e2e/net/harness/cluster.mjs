import { execFileSync } from 'node:child_process';
import { Fleet } from '../../harness/fleet.mjs';
import { BINARY } from '../../harness/program.mjs';
import { until } from '../../harness/wait.mjs';
import { FRONT } from './cloud.mjs';
import { Laboratory } from './laboratory.mjs';
import { REFLECTORS } from './reflector.mjs';

/** The name by which people reach the master, and the one by which nodes do. */
const PUBLIC_NAME = 'call.example';
const PRIVATE_NAME = 'master.cloud.example';
const LINK_PORT = 4442;

/** Where the machines of the cloud are unless a test says otherwise: the master mapped one to one, the nodes private. */
export const USUAL = {
  master: { private: '10.20.0.10', public: '203.0.113.10' },
  node1: { private: '10.20.0.21' },
  node2: { private: '10.20.0.22' },
  node3: { private: '10.20.0.23' },
};

/** Settings by which a program of the cloud learns of its public address. */
export const OUTSIDE = {
  MUSTER_NODE_METADATA: 'http://169.254.169.254',
  MUSTER_NODE_STUN_SERVERS: REFLECTORS.join(),
};

/** A master and three nodes on machines of the laboratory's cloud. They share the machines: one cluster at a time. */
export class Cluster extends Fleet {
  /** Settings of all its programs. */
  everywhere = {};

  /** Lays the machines out after a plan, and starts nothing. */
  static async at(plan = USUAL, options) {
    const laboratory = await Laboratory.open();
    const cluster = await Cluster.of(3, options);
    cluster.laboratory = laboratory;
    cluster.lay({ ...USUAL, ...plan });
    return cluster;
  }

  /**
   * Gives machines addresses. What metadata and DNS say follows, unless they are told otherwise afterwards. With `front`
   * the name of the master leads to the cloud's load balancer.
   */
  lay(plan, { front = false } = {}) {
    const { cloud, metadata, names } = this.laboratory;
    this.plan = { ...this.plan, ...plan };
    for (const [name, place] of Object.entries(plan)) {
      if (!cloud.machines.has(name)) cloud.machine(name);
      cloud.plan(name, place);
      metadata.say(place.own ? place.public : place.private, place.public);
    }
    const { master } = this.plan;
    names.set(PUBLIC_NAME, front ? FRONT : master.public);
    names.set(PRIVATE_NAME, master.own ? master.public : master.private);
  }

  /** Waits until a node serves, which is when people can call. */
  isOpen(timeout) {
    return until('a node to serve', async () => Object.values(await this.states()).includes('serving'), { timeout });
  }

  get url() {
    return `https://${PUBLIC_NAME}`;
  }

  /** The machine of this name. */
  space(name) {
    return this.laboratory.cloud.machines.get(name).space;
  }

  startMaster({ environment = {}, name = 'master', data } = {}) {
    return this.#startAt(name, [
      'master',
      ...['--listen', '0.0.0.0:443'],
      ...['--link-listen', `0.0.0.0:${LINK_PORT}`],
      ...['--public-host', PUBLIC_NAME],
      ...['--secret', this.secret],
    ], { environment: { ...this.environment, ...environment }, data });
  }

  /** Makes the token by which nodes join, before the master's first start too. */
  admit() {
    const args = ['token', '--reusable', '--data-dir', this.directoryOf('master'), '--master', `https://${PRIVATE_NAME}:${LINK_PORT}`];
    this.token = execFileSync(BINARY, args, { encoding: 'utf8', stdio: 'pipe' }).trim();
  }

  /**
   * Starts a node on its machine, with this id and data directory. Where it is private but mapped, `told` has it know
   * from its settings.
   */
  startNode(name, { id = name, data = id, told = false, environment = {} } = {}) {
    const place = this.plan[name];
    return this.#startAt(name, [
      'node',
      ...['--node-id', id],
      ...['--shards', '1'],
      ...(told ? ['--public-address', [place.public, place.private].filter(Boolean).join(',')] : []),
    ], { environment: { MUSTER_LINK_JOIN: this.token, ...environment }, data });
  }

  async up(options) {
    this.admit();
    this.startMaster(options);
    for (const name of this.names) this.startNode(name, options);
    await this.answers();
    await this.serves(this.names.length, 40_000);
  }

  #startAt(machine, args, options) {
    const environment = { ...this.everywhere, ...options.environment };
    return this.start(machine, args, { ...options, environment, within: this.space(machine).within });
  }
}
