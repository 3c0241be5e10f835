import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { alive, signal } from './process.mjs';
import { sleep } from './wait.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** Where logs and pictures of a run go. */
export const OUT = path.join(ROOT, 'e2e', 'out');
export const BINARY = process.env.E2E_BINARY ?? path.join(ROOT, 'target', 'release', 'muster');

mkdirSync(OUT, { recursive: true });

/** One process of the binary, and its log. */
export class Program {
  #process;
  #exit;

  /** `log` is the file that its output is added to; `within` is what its command line begins with, to run elsewhere. */
  constructor(args, { log, environment = {}, within = [] }) {
    this.log = log;
    const output = createWriteStream(log, { flags: 'a' });
    // Its own process group, so that Ctrl-C in a terminal reaches the tests first.
    const [program, ...rest] = [...within, BINARY, ...args];
    this.#process = spawn(program, rest, {
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...environment },
    });
    this.#process.on('error', (error) => output.write(`${error}\n`));
    this.#process.stdout.pipe(output, { end: false });
    this.#process.stderr.pipe(output, { end: false });
    this.#exit = once(this.#process, 'exit').then(([code]) => code, () => -1);
  }

  get pid() {
    return this.#process.pid;
  }

  /** What it exited with, or null while it runs and when a signal ended it. */
  get exitCode() {
    return this.#process.exitCode;
  }

  get runs() {
    return this.pid !== undefined && alive(this.pid);
  }

  signal(name) {
    if (this.runs) signal(this.pid, name);
  }

  /** Waits until it has ended and returns what it exited with. */
  exited() {
    return this.#exit;
  }

  /** Ends it by a signal; what does not end by SIGTERM within `limit` ms is killed. Returns whether it had to be. */
  async end(name, limit = 8000) {
    this.signal(name);
    const late = await Promise.race([this.#exit.then(() => false), sleep(limit, true, { ref: false })]);
    if (late) this.signal('SIGKILL');
    await this.#exit;
    return late;
  }

  /** The last lines of its log. */
  tail(lines = 40) {
    const text = readFileSync(this.log, 'utf8');
    return `--- end of ${this.log}\n${text.split('\n').slice(-lines).join('\n')}\n---`;
  }
}
