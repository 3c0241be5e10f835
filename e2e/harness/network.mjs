import { execFileSync } from 'node:child_process';
import { NAMESPACE_HOST, NAMESPACE_IPV6 } from './server.mjs';

/** The interface that run.mjs makes. */
const INTERFACE = 'muster0';

/** The addresses of the namespace that the tests run in. */
export class Network {
  static add(address) {
    ip(`address add ${address} dev ${INTERFACE}${address.includes(':') ? ' nodad' : ''}`);
  }

  /** Leaves this one address, and the way to everybody else. */
  static only(address) {
    Network.empty();
    Network.add(`${address}/24`);
    ip(`route replace default via ${address}`);
  }

  /** Takes every address away. */
  static empty() {
    ip(`address flush dev ${INTERFACE}`);
  }

  /** As run.mjs made it. */
  static restore() {
    Network.empty();
    Network.add(`${NAMESPACE_HOST}/24`);
    Network.add(`${NAMESPACE_IPV6}/64`);
    ip(`route replace default via ${NAMESPACE_HOST}`);
  }
}

function ip(args) {
  execFileSync('ip', args.split(' '), { stdio: 'pipe' });
}
