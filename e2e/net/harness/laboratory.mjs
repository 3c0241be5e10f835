import { writeFileSync } from 'node:fs';
import { Cloud } from './cloud.mjs';
import { Home } from './home.mjs';
import { Metadata } from './metadata.mjs';
import { Names, RESOLVER } from './names.mjs';
import { REFLECTORS, Reflector } from './reflector.mjs';
import { FORWARD, Space } from './space.mjs';
import { atEnd } from '../../harness/cleanup.mjs';

/** Where run.mjs puts the resolver's settings. */
const RESOLV_CONF = '/run/resolv.conf';
/** What nobody forwards in the internet. */
const PRIVATE = ['ip saddr { 10.0.0.0/8, 192.168.0.0/16 }', 'ip daddr { 10.0.0.0/8, 192.168.0.0/16 }'];
let shared;

/**
 * A small internet. The tests run in its middle, where they can reach everybody; a cloud of machines and two homes with
 * browsers hang on it. Nothing of it is seen from outside the namespaces that run.mjs made, and all of it goes with them.
 */
export class Laboratory {
  /** The one of this process, with machines of these names. */
  static open() {
    return (shared ??= build());
  }

  /** Puts a rule of the internet's own in force: conditions whose packets are dropped on their way. */
  drop(...conditions) {
    this.internet.table('internet', { passing: [FORWARD, ...[...PRIVATE, ...conditions].map((condition) => `${condition} drop`)] });
  }
}

async function build() {
  const laboratory = new Laboratory();
  const internet = (laboratory.internet = Space.own());
  internet.ip('link set lo up');
  for (const address of [RESOLVER, ...REFLECTORS, '169.254.169.254']) internet.ip(`address add ${address}/32 dev lo`);
  internet.routes();
  laboratory.drop();
  writeFileSync(RESOLV_CONF, `nameserver ${RESOLVER}\noptions timeout:1 attempts:5\n`);
  laboratory.names = await Names.serve();
  laboratory.metadata = await Metadata.serve();
  laboratory.reflectors = await Promise.all(REFLECTORS.map((address) => Reflector.serve(address)));
  laboratory.cloud = new Cloud(internet);
  laboratory.homes = [new Home(internet, 'a', 1), new Home(internet, 'b', 2)];
  atEnd(() => [laboratory.names, laboratory.metadata, ...laboratory.reflectors].forEach((service) => service.close()));
  return laboratory;
}
