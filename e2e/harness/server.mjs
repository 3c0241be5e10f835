import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { atEnd } from './cleanup.mjs';
import { freePort } from './port.mjs';
import { alive, descendants, signal } from './process.mjs';
import { BINARY, OUT, Program } from './program.mjs';
import { Rest } from './rest.mjs';
import { until } from './wait.mjs';

const SECRET = 'e2e-secret';
/** What run.mjs gives to the namespace's interface, besides {@link NAMESPACE_IPV6}. */
export const NAMESPACE_HOST = '10.77.0.1';
export const NAMESPACE_IPV6 = 'fd77::1';
const START_MS = 20_000;
const STOP_MS = 8_000;

let started = 0;
let shared;

/** `muster up`, the release binary started the way a user starts it, on free ports and an empty data directory. */
export class Server {
  #program;
  #children = new Set();

  /**
   * Starts a server and waits until it says that it is up, or that it is down, if `status` says so. `flags` are added to
   * those every test needs; without a `mediaAddress` (null) it finds its addresses itself.
   */
  static async start({ host = '127.0.0.1', mediaAddress = host, flags = [], environment = {}, status = 'UP', dataDir } = {}) {
    const server = new Server();
    server.status = status;
    server.host = host;
    server.mediaAddress = mediaAddress;
    server.port = await freePort();
    server.dataDir = dataDir ?? mkdtempSync(path.join(tmpdir(), 'muster-e2e-'));
    server.log = path.join(OUT, `server-${process.pid}-${++started}.log`);
    server.flags = flags;
    server.environment = environment;
    server.linkPort = await freePort();
    atEnd(() => server.stop());
    await server.run();
    return server;
  }

  /** The server that tests share unless they do harm to it. */
  static shared() {
    shared ??= Server.start();
    return shared;
  }

  /** The server of the tests that run in a network namespace, at the address that run.mjs gave to it. */
  static inNamespace(options = {}) {
    shared ??= Server.start({ host: NAMESPACE_HOST, ...options });
    return shared;
  }

  get url() {
    const host = this.host === '127.0.0.1' ? 'localhost' : this.host;
    return `https://${host}:${this.port}`;
  }

  /** By address: names are not looked up while a machine has no address. */
  get rest() {
    const url = this.host === '127.0.0.1' ? `https://${this.host}:${this.port}` : this.url;
    return new Rest(url, SECRET);
  }

  get secret() {
    return SECRET;
  }

  get pid() {
    return this.#program.pid;
  }

  /** Ids of all processes of this server that run now. */
  get processes() {
    for (const pid of descendants(this.pid)) this.#children.add(pid);
    return [this.pid, ...this.#children].filter(alive);
  }

  /** Starts the binary (again) with the same ports and data, and waits until it is up. */
  async run() {
    const args = [
      'up',
      ...['--listen', `${this.host}:${this.port}`],
      ...['--link-listen', `127.0.0.1:${this.linkPort}`],
      ...['--public-host', this.host],
      ...(this.mediaAddress === null ? [] : ['--public-address', this.mediaAddress]),
      ...['--secret', SECRET],
      ...['--data-dir', this.dataDir],
      ...this.flags,
    ];
    this.#program = new Program(args, { log: this.log, environment: this.environment });
    try {
      await until(`${BINARY} to be up`, () => this.says(this.status), { timeout: START_MS });
    } catch (error) {
      throw new Error(`${error.message}\n${this.tail()}`);
    }
    this.processes;
  }

  /** Whether its health is this: `UP` or `DOWN`. */
  async says(status) {
    if (!this.#program.runs) throw new Error(`it exited with status ${this.#program.exitCode}`);
    const { body } = await this.rest.get('/openvidu/api/health');
    return body.status === status;
  }

  /** Presses Ctrl-C and waits for everything to be gone; what is left after a while is killed and reported. */
  async stop() {
    const processes = this.processes;
    signal(this.pid, 'SIGINT');
    const left = await this.#gone(processes);
    for (const pid of left) signal(pid, 'SIGKILL');
    rmSync(this.dataDir, { recursive: true, force: true });
    return left;
  }

  async #gone(processes) {
    try {
      await until('all processes to end', () => !processes.some(alive), { timeout: STOP_MS });
      return [];
    } catch {
      return processes.filter(alive);
    }
  }

  /** Kills the master, and nothing else, without a warning. */
  async killMaster() {
    this.processes;
    await this.#program.end('SIGKILL');
  }

  /** The last lines of its log. */
  tail(lines = 40) {
    return this.#program.tail(lines);
  }
}
