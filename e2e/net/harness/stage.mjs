import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { until } from '../../harness/wait.mjs';
import { Call } from './call.mjs';
import { Cluster } from './cluster.mjs';
import { Coturn } from './coturn.mjs';

/** The ports of media of a node that is not told others. */
export const MEDIA = '40000-40999';

/** Nodes that are reached one to one, and those that are reached through a relay only. */
export const MAPPED = {
  node1: { private: '10.20.0.21', public: '203.0.113.21' },
  node2: { private: '10.20.0.22', public: '203.0.113.22' },
  node3: { private: '10.20.0.23', public: '203.0.113.23' },
};
export const PRIVATE = {
  node1: { private: '10.20.0.21' },
  node2: { private: '10.20.0.22' },
  node3: { private: '10.20.0.23' },
};

/** A cluster in which a cause of a missing picture can be made, and one call in it. */
export class Stage {
  #undo = [];
  #filtered = new Set();

  /**
   * Starts a cluster as a cause wants it. Where `opens` is false, no node is expected to serve; where `told` is, nodes find
   * out themselves where they are reached.
   */
  static async set(context, { plan = {}, master = {}, nodes = {}, coturn, opens = true, told = true } = {}) {
    const stage = new Stage();
    Object.assign(stage, { context, opens });
    stage.cluster = await Cluster.at({ ...MAPPED, relay: Coturn.PLACE, ...plan });
    stage.laboratory = stage.cluster.laboratory;
    for (const home of stage.laboratory.homes) home.move('nat');
    if (coturn) stage.coturn = stage.started(Coturn.start(stage.cluster.space('relay'), coturn));
    stage.cluster.admit();
    stage.cluster.startMaster({ environment: master });
    for (const name of stage.cluster.names) stage.cluster.startNode(name, { told, environment: nodes });
    await stage.cluster.answers();
    if (opens) await stage.cluster.serves(stage.cluster.names.length, 40_000);
    return stage;
  }

  /** Remembers what has to be stopped in the end. */
  started(thing) {
    this.#undo.push(() => thing.stop());
    return thing;
  }

  /** People join, publish and wait for each other; nobody says yet that they see each other. */
  async call(options) {
    this.talk = await Call.between(this.context, this.cluster, { patience: 60_000, ...options });
    return this.talk;
  }

  /** Puts rules of nftables in force on a machine, each at a hook such as `input` or `output`. */
  filter(name, rules) {
    const chains = Object.entries(rules).map(([hook, list]) => [hook, [`filter hook ${hook} priority filter`, ...[list].flat()]]);
    this.cluster.space(name).table('fault', Object.fromEntries(chains));
    this.#filtered.add(name);
  }

  /** Takes all such rules away. */
  open() {
    for (const name of this.#filtered) this.cluster.space(name).table('fault', {});
    this.#filtered.clear();
  }

  /** Runs a command on a machine. */
  run(name, line) {
    return this.cluster.space(name).run(line);
  }

  /** All nodes are started anew, as they should have been. */
  async again() {
    for (const name of this.nodes) await this.restart(name);
    await this.cluster.serves(this.nodes.length, 40_000);
  }

  /** Starts the node of this name anew with this environment. */
  async restart(name, environment = {}) {
    await this.cluster.program(name).end('SIGKILL');
    this.cluster.startNode(name, { told: true, environment });
  }

  /** All nodes' names. */
  get nodes() {
    return this.cluster.names;
  }

  /** What the master says: of the fleet now, and of each failure of this call, the likeliest cause first. */
  async diagnosis() {
    const { status, body } = await this.cluster.rest.get('/muster/api/v1/diagnosis');
    if (status !== 200) throw new Error(`diagnosis: status ${status}, ${JSON.stringify(body)}`);
    return body;
  }

  /**
   * Waits until a cause is named first, with proof, and returns that finding: of the latest failure if there is one, else
   * of the fleet.
   */
  named(code, timeout = 40_000) {
    return until(
      `the diagnosis to be ${code}`,
      async () => {
        const { fleet, failures } = await this.diagnosis();
        const first = [...failures.map(({ findings }) => findings[0]), fleet[0]].filter(Boolean);
        if (first[0]?.cause === code && first[0].proof) return first[0];
        throw new Error(JSON.stringify({ failures: failures.map(({ findings }) => brief(findings)), fleet: brief(fleet) }));
      },
      { timeout, every: 500 },
    );
  }

  async strike() {
    await this.talk?.close();
    this.open();
    for (const undo of this.#undo.reverse()) await undo();
    await this.cluster.close();
  }
}

function brief(findings) {
  return findings.map(({ cause, confidence, proof }) => [cause, confidence, proof]);
}

/** A certificate for the master that has expired, as files of this directory. */
export function expiredCertificate(directory) {
  const [key, request, cert, extension] = ['key', 'csr', 'pem', 'ext'].map((kind) => `${directory}/expired.${kind}`);
  writeFileSync(extension, 'subjectAltName=DNS:call.example');
  const openssl = (line) => execFileSync('openssl', line.split(' '), { stdio: 'pipe' });
  openssl(`req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=call.example -keyout ${key} -out ${request}`);
  openssl(`x509 -req -in ${request} -signkey ${key} -days -1 -extfile ${extension} -out ${cert}`);
  return { key, cert };
}
