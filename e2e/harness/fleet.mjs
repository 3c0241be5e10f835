import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { atEnd } from './cleanup.mjs';
import { freePort } from './port.mjs';
import { BINARY, OUT, Program } from './program.mjs';
import { Rest } from './rest.mjs';
import { until } from './wait.mjs';

const SECRET = 'e2e-secret';
const START_MS = 20_000;
let founded = 0;

/** A master and media nodes as processes of their own, which can be started and ended in any order. */
export class Fleet {
  #programs = new Map();

  /** Names its data directories and ports; starts nothing. `environment` is the master's. */
  static async of(nodes, { environment = {} } = {}) {
    const fleet = new this();
    fleet.directory = mkdtempSync(path.join(tmpdir(), 'muster-fleet-'));
    fleet.number = ++founded;
    fleet.names = Array.from({ length: nodes }, (_, index) => `node${index + 1}`);
    fleet.environment = environment;
    await fleet.move();
    atEnd(() => fleet.close());
    return fleet;
  }

  /** Gives the master other ports; it counts from its next start. Nodes have to be told, as by an operator. */
  async move() {
    [this.port, this.linkPort] = [await freePort(), await freePort()];
  }

  get url() {
    return `https://localhost:${this.port}`;
  }

  get rest() {
    return new Rest(this.url, SECRET);
  }

  get secret() {
    return SECRET;
  }

  /** The running or last process of this name: `master`, `node1` and so on. */
  program(name) {
    return this.#programs.get(name);
  }

  /** The running or last processes of all nodes. */
  get nodes() {
    return this.names.map((name) => this.program(name));
  }

  /** Starts the master, which may take a while to be up. */
  startMaster() {
    return this.start('master', [
      'master',
      ...['--listen', `127.0.0.1:${this.port}`],
      ...['--link-listen', `127.0.0.1:${this.linkPort}`],
      ...['--public-host', 'localhost'],
      ...['--secret', SECRET],
    ], { environment: this.environment });
  }

  /** Makes the token by which nodes join; it needs a master that was started before. */
  admit() {
    const args = ['token', '--reusable', '--data-dir', this.directoryOf('master')];
    this.token = execFileSync(BINARY, args, { encoding: 'utf8', stdio: 'pipe' }).trim();
  }

  /** Makes a data directory that is the image of another. */
  clone(name, copy) {
    cpSync(this.directoryOf(name), this.directoryOf(copy), { recursive: true });
  }

  /** Starts a node of this id, whose media is at this address. */
  startNode(name, { id = name, address = '127.0.0.1', environment = {} } = {}) {
    return this.start(name, [
      'node',
      ...['--master', `https://127.0.0.1:${this.linkPort}`],
      ...['--node-id', id],
      ...['--public-address', address],
      ...['--shards', '1'],
    ], { environment: { MUSTER_LINK_JOIN: this.token, ...environment } });
  }

  /** Starts all, the master first, and waits until every node serves. */
  async up() {
    this.startMaster();
    await this.answers();
    this.admit();
    for (const name of this.names) this.startNode(name);
    await this.serves(this.names.length);
  }

  /** Waits until the master answers, whether or not a node serves. */
  answers() {
    return this.#until('the master to answer', async () => (await this.health()) !== undefined);
  }

  /** Waits until so many nodes serve. */
  serves(count, timeout = START_MS) {
    return this.#until(`${count} nodes to serve`, async () => {
      const states = Object.values(await this.states());
      if (states.filter((state) => state === 'serving').length === count) return true;
      throw new Error(JSON.stringify(states));
    }, timeout);
  }

  /** The state of every node that the master knows, by its id. */
  async states() {
    const { body } = await this.rest.get('/muster/api/v1/nodes');
    return Object.fromEntries(body.nodes.map(({ id, state }) => [id, state]));
  }

  /** Lets a node go as soon as its sessions are over, and at the latest after `withinSeconds`. */
  drain(id, deadline = {}) {
    return this.#command(`/muster/api/v1/nodes/${id}/drain`, deadline);
  }

  /** Keeps a node after all. */
  undrain(id) {
    return this.#command(`/muster/api/v1/nodes/${id}/undrain`);
  }

  async #command(path, body) {
    const { status, body: told } = await this.rest.post(path, body);
    if (status >= 300) throw new Error(`POST ${path}: status ${status}, ${JSON.stringify(told)}`);
  }

  async health() {
    const { body } = await this.rest.get('/openvidu/api/health');
    return body.status;
  }

  /** Sends everything that runs a signal, and waits until it is gone. */
  async end(name) {
    await Promise.all([...this.#programs.values()].map((program) => program.end(name)));
  }

  async close() {
    for (const program of this.#programs.values()) program.signal('SIGCONT');
    await this.end('SIGKILL');
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** The last lines of every log. */
  tail(lines = 40) {
    return [...this.#programs.values()].map((program) => program.tail(lines)).join('\n');
  }

  /** Starts a process of this name, with its own log and data directory (`data`); `within` says where, if not here. */
  start(name, args, { environment, within, data = name }) {
    const log = path.join(OUT, `fleet-${process.pid}-${this.number}-${name}.log`);
    const program = new Program([...args, '--data-dir', this.directoryOf(data)], { log, environment, within });
    this.#programs.set(name, program);
    return program;
  }

  /** The data directory of the process of this name. */
  directoryOf(name) {
    return path.join(this.directory, name);
  }

  async #until(what, probe, timeout = START_MS) {
    try {
      await until(what, probe, { timeout });
    } catch (error) {
      throw new Error(`${error.message}\n${this.tail()}`);
    }
  }
}
