// The pure crates stay pure: nothing that they are linked with knows the network, the clock or chance, and clippy holds
// them to tools/purity/clippy.toml, which bans what the standard library has of that. `node --test tools/` shows that
// both can fail.
import { inspect } from './purity/crates.mjs';

const PURE = ['addresses', 'agent', 'conference', 'cluster', 'openvidu', 'control', 'api', 'diagnosis', 'reachability', 'turn'];

const findings = inspect('.', PURE);
for (const finding of findings) console.error(finding);
console.log(`${PURE.length} pure crates looked at, ${findings.length} findings`);
process.exitCode = findings.length > 0 ? 1 : 0;
