import { execFileSync } from 'node:child_process';

/** Hooks of nftables that tables use. */
export const FORWARD = 'filter hook forward priority filter';
export const BEFORE_ROUTING = 'nat hook prerouting priority dstnat';
export const AFTER_ROUTING = 'nat hook postrouting priority srcnat';

/** A network namespace: a host of the laboratory, with interfaces, routes and a packet filter of its own. */
export class Space {
  /** The namespace that the tests run in. */
  static own() {
    return new Space(undefined);
  }

  /** A new one; it goes with the mount namespace that run.mjs made. */
  static make(name) {
    command('ip', ['netns', 'add', name]);
    const space = new Space(name);
    space.ip('link set lo up');
    // Rules for media ports must not hit a connection that was given one of those numbers by chance.
    space.run(['sh', '-c', 'echo 42000 60999 > /proc/sys/net/ipv4/ip_local_port_range']);
    return space;
  }

  constructor(name) {
    this.name = name;
  }

  /** What a command line begins with to run in here. */
  get within() {
    return this.name === undefined ? [] : ['ip', 'netns', 'exec', this.name];
  }

  /** Runs a command, a line or its words, to its end and returns what it says. */
  run(line, options) {
    const [program, ...args] = [...this.within, ...(Array.isArray(line) ? line : line.split(' '))];
    return command(program, args, options);
  }

  ip(line) {
    return this.run(`ip ${line}`);
  }

  /** Lets it forward what is not for itself. */
  routes() {
    this.run(['sh', '-c', 'echo 1 > /proc/sys/net/ipv4/ip_forward']);
  }

  /** Puts this table of the packet filter in the place of the one of its name: chains, each with its hook and its rules. */
  table(name, chains) {
    const header = `table ip ${name}`;
    const body = Object.entries(chains).map(([chain, [hook, ...rules]]) => `chain ${chain} {\n${[`type ${hook};`, ...rules].join('\n')}\n}`);
    this.run('nft -f -', { input: `${header} {}\ndelete ${header}\n${header} {\n${body.join('\n')}\n}\n` });
  }

  /** Joins this namespace and another by a cable. */
  cable(here, other, there) {
    this.ip(`link add name ${here} type veth peer name ${there} netns ${other.name}`);
    this.ip(`link set dev ${here} up`);
    other.ip(`link set ${there} up`);
  }
}

function command(program, args, options) {
  try {
    return execFileSync(program, args, { encoding: 'utf8', stdio: 'pipe', ...options });
  } catch (error) {
    throw new Error(`${[program, ...args].join(' ')}: ${error.stderr || error.message}\n${options?.input ?? ''}`);
  }
}
