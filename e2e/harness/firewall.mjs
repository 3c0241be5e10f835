import { execFileSync } from 'node:child_process';

/** Rules of the packet filter in the namespace that the tests run in. */
export class Firewall {
  /** Puts rules in force, each a condition of nftables whose packets are dropped. */
  static drop(...conditions) {
    nft('add table inet muster');
    nft('add chain inet muster way { type filter hook output priority 0; }');
    for (const condition of conditions) nft(`add rule inet muster way ${condition} drop`);
  }

  /** Lets everything through again. */
  static open() {
    nft('add table inet muster');
    nft('delete table inet muster');
  }
}

function nft(rule) {
  execFileSync('nft', rule.split(' '), { stdio: 'pipe' });
}
