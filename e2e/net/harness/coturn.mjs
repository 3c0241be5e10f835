import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import path from 'node:path';
import { OUT } from '../../harness/program.mjs';

const PORT = 3478;
const SECRET = 'the-relay-of-the-laboratory';

/** Debian's coturn as an operator would run it beside Muster, on the machine `relay` of the cloud. */
export class Coturn {
  /** Where that machine is. */
  static PLACE = { private: '10.20.0.30', public: '203.0.113.30' };

  /** The setting by which a master hands it out; `secret` may be a wrong one. */
  static setting(secret = SECRET) {
    return { MUSTER_WEBRTC_ICE_SERVERS: server(PORT, secret) };
  }

  /** The same for several at these ports. */
  static settings(ports) {
    return { MUSTER_WEBRTC_ICE_SERVERS: JSON.stringify(ports.map((port) => server(port, SECRET))) };
  }

  /** Starts it; `external` is what it takes for its public address, `options` come in addition. */
  static start(space, { external = Coturn.PLACE.public, options = [] } = {}) {
    const own = Coturn.PLACE.private;
    const [program, ...args] = [
      ...space.within, 'turnserver', '-n', '--listening-ip', own, '--listening-port', String(PORT), '--external-ip', `${external}/${own}`,
      '--use-auth-secret', '--static-auth-secret', SECRET, '--realm', 'example', '--min-port', '50000', '--max-port', '50199',
      '--no-cli', '--no-tls', '--no-dtls', '--pidfile', '/run/coturn.pid', '--log-file', 'stdout', ...options,
    ];
    const log = createWriteStream(path.join(OUT, 'coturn.log'), { flags: 'a' });
    const coturn = new Coturn();
    coturn.process = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const output of [coturn.process.stdout, coturn.process.stderr]) output.pipe(log, { end: false });
    return coturn;
  }

  stop() {
    this.process.kill('SIGKILL');
  }
}

function server(port, secret) {
  return `url=turn:${Coturn.PLACE.public}:${port},staticAuthSecret=${secret}`;
}
