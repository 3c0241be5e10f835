import { execFile, execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { until } from '../../harness/wait.mjs';

const SOURCE = fileURLToPath(new URL('../../native/flows.c', import.meta.url));
const PROGRAM = '/run/flows';
const SETTINGS = '/proc/sys/net/netfilter/nf_conntrack_';
/** Memory for more is nothing that a test should ask for. */
const MOST = 1_000_000;
let compiled = false;

/** The connection tracker of a machine's network. It begins to track with the first rule that asks for it. */
export class Tracker {
  constructor(space) {
    this.space = space;
  }

  /** Fills it, as a flood does or a machine with many more clients than it was made for. */
  async fill() {
    this.most = Number(readFileSync(`${SETTINGS}max`, 'utf8'));
    if (this.most > MOST) throw new Error(`${this.most} connections would have to be made to fill the tracker`);
    // Nobody answers on loopback, and the system is spared the trouble of saying so.
    this.space.table('flows', { arriving: ['filter hook prerouting priority -400', 'iifname lo tcp dport 9 drop', 'iifname lo tcp sport 9 drop'] });
    await this.#flows('begin');
    await until('a full tracker', () => this.#count() > 0.99 * this.most);
  }

  /** Ends its flows, and waits until the system has cleared them away. */
  async empty() {
    this.space.run(['sh', '-c', `echo 1 > ${SETTINGS}tcp_timeout_close`]);
    await this.#flows('end');
    this.space.table('flows', {});
    const isEmpty = () => {
      // Whoever lists them clears those away that are over; the system takes its time.
      this.space.run(['sh', '-c', 'cat /proc/net/nf_conntrack > /dev/null || true']);
      return this.#count() < 1000;
    };
    await until('an empty tracker', isEmpty, { timeout: 90_000, every: 1000 });
  }

  async #flows(what) {
    compile();
    const [program, ...args] = [...this.space.within, PROGRAM, what, String(this.most)];
    await promisify(execFile)(program, args);
  }

  #count() {
    return Number(this.space.run(`cat ${SETTINGS}count`));
  }
}

function compile() {
  if (!compiled) execFileSync('cc', ['-O1', '-o', PROGRAM, SOURCE]);
  compiled = true;
}
