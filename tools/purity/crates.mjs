import { execFileSync } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import path from 'node:path';

/** What does I/O, runs tasks, reads the clock or draws chance, and all that is built on it. */
const IMPURE =
  /^(tokio|tokio-.*|mio|socket2|async-std|async-io|smol|polling|hyper|hyper-.*|h2|tonic|axum|axum-.*|reqwest|rustls|tokio-rustls|str0m|getrandom|rand|rand_core|fastrand|uuid|chrono|time|libc|nix|rustix|tracing-subscriber|link|media|node|master|muster|store)$/;

const RULES = 'tools/purity/clippy.toml';

/** What speaks against these crates of the workspace at `root` being pure, one line each. */
export function inspect(root, crates) {
  return crates.flatMap((name) => [...dependencies(root, name), ...lints(root, name)]);
}

function dependencies(root, name) {
  const linked = tree(root, ['--package', name]);
  return [...new Set(linked)]
    .filter((crate) => IMPURE.test(crate) && crate !== name)
    .map(
      (crate) =>
        `crates/${name}/Cargo.toml:1: ${name} is pure and is linked with ${crate}; ` +
        `see: cargo tree -p ${name} -e normal -i ${crate}`,
    );
}

/** Build scripts and macros run on the builder's machine; only what is linked counts. */
function tree(root, which) {
  const options = ['tree', '--locked', '--edges', 'normal', '--prefix', 'none', '--format', '{p}', ...which];
  const out = execFileSync('cargo', options, { cwd: root, encoding: 'utf8' });
  return out.split('\n').filter(Boolean).filter((line) => !line.includes('(proc-macro)')).map((line) => line.split(' ')[0]);
}

function lints(root, name) {
  const config = path.join(root, 'crates', name, 'clippy.toml');
  const rules = path.join(root, RULES);
  if (existsSync(config) && realpathSync(config) === realpathSync(rules)) return [];
  return [`crates/${name}/clippy.toml:1: is not a link to ${RULES}, so that clippy bans nothing; make it one`];
}
