import { execFileSync } from 'node:child_process';

/** The process of the node that somebody publishes to. */
export async function carrierOf(person) {
  const { remotePort } = await person.call('path', person.id);
  const sockets = execFileSync('ss', ['-Hulnp', `sport = :${remotePort}`], { encoding: 'utf8' });
  const pid = /pid=(\d+)/.exec(sockets)?.[1];
  if (pid === undefined) throw new Error(`nobody listens on ${remotePort}: ${sockets}`);
  return Number(pid);
}
