import { Meeting } from '../../harness/meeting.mjs';
import { chromiumAt } from './browsers.mjs';

/** Somebody at each home, in a session with the other. */
export class Call {
  /**
   * Both join and publish. `node` asks for the session to be on that one, `page` are options of the
   * application's page. `context` is the test's, `patience` how long
   * each may wait for the other, milliseconds.
   */
  static async between(context, cluster, { node, page, patience = 20_000, browsers = cluster.laboratory.homes.map(chromiumAt) } = {}) {
    const call = new Call();
    call.begun = performance.now();
    call.patience = patience;
    const properties = node ? { mediaNode: { id: node } } : {};
    call.meeting = await Meeting.open(context, { server: cluster, properties });
    call.people = await Promise.all(browsers.map((browser) => call.meeting.publisher(browser, page)));
    return call;
  }

  /** Waits until each sees so many frames of the other, and hears him, and returns after how many seconds from the beginning. */
  async seen({ timeout = this.patience, frames } = {}) {
    const [ada, bob] = this.people;
    await Promise.all([ada.seesAndHears(bob, { timeout, frames }), bob.seesAndHears(ada, { timeout, frames })]);
    return this.seconds;
  }

  get seconds() {
    return Number(((performance.now() - this.begun) / 1000).toFixed(1));
  }

  /** By which paths what each sends goes, and what each receives comes. */
  async paths() {
    const [ada, bob] = this.people;
    const ends = [[ada, ada], [ada, bob], [bob, bob], [bob, ada]];
    return Promise.all(ends.map(([person, of]) => person.call('path', of.id)));
  }

  close() {
    return this.meeting.close();
  }
}

/**
 * Whether a path goes by a relay. Where the relay's peer sees it by another address than it told, the candidate is a
 * peer-reflexive one of the relay's.
 */
export function isRelayed({ type, relayProtocol }) {
  return type === 'relay' || relayProtocol !== undefined;
}

/** A path in few words: `udp to 203.0.113.21` or `tls through turns:call.example:443 to 10.20.0.23`. */
export function inWords(path) {
  const { protocol, relayProtocol, server, remoteAddress } = path;
  if (!isRelayed(path)) return `${protocol} to ${remoteAddress}`;
  // Firefox does not tell which relay.
  return `${relayProtocol} through ${server?.replace(/\?.*/, '') ?? 'a relay'} to ${remoteAddress}`;
}
