// Runs the browser tests: those that need nothing but a loopback interface, then those that need a network
// namespace of their own. Arguments are test files to run instead of all.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import path from 'node:path';

const E2E = fileURLToPath(new URL('.', import.meta.url));
const BINARY = process.env.E2E_BINARY ?? path.join(E2E, '../target/release/muster');
/** All tests of one process together; each wait within them has a deadline of its own. */
const LONGEST_RUN_MS = 3_600_000;

const asked = process.argv.slice(2).map((file) => path.resolve(file));
const inNamespace = (file) => file.startsWith(path.join(E2E, 'namespace') + path.sep);
const plain = asked.length > 0 ? asked.filter((file) => !inNamespace(file)) : [path.join(E2E, 'all.mjs')];
const fenced = asked.length > 0 ? asked.filter(inNamespace) : tests('namespace');

if (!existsSync(BINARY)) fail(`${BINARY} is missing. Build it first: cargo build --release`);
clearOutput();
const total = { pass: 0, fail: 0 };
let failed = false;
if (plain.length > 0) failed = !run([], plain) || failed;
if (fenced.length > 0) failed = !runInNamespace(fenced) || failed;
console.log(`\n${total.pass} passed, ${total.fail} failed`);
process.exitCode = failed ? 1 : 0;

function run(prefix, files) {
  const counts = path.join(E2E, 'out', 'counts.tap');
  const [command, ...args] = [
    ...prefix, process.execPath, '--test', '--test-concurrency=1', `--test-timeout=${LONGEST_RUN_MS}`,
    '--test-reporter=spec', '--test-reporter-destination=stdout',
    '--test-reporter=tap', `--test-reporter-destination=${counts}`, ...files,
  ];
  const { status } = spawnSync(command, args, { cwd: E2E, stdio: 'inherit', env: environment() });
  add(counts);
  return status === 0;
}

/** Adds the counts at the end of a report to the total. */
function add(report) {
  const text = existsSync(report) ? readFileSync(report, 'utf8') : '';
  for (const outcome of ['pass', 'fail']) {
    total[outcome] += Number(new RegExp(`^# ${outcome} (\\d+)$`, 'm').exec(text)?.[1] ?? 0);
  }
}

function environment() {
  // The server under test signs its own certificate.
  return { ...process.env, NODE_TLS_REJECT_UNAUTHORIZED: '0', NODE_NO_WARNINGS: '1' };
}

function runInNamespace(files) {
  const unshare = ['unshare', '--net', '--mount', ...(process.getuid() === 0 ? [] : ['--user', '--map-root-user'])];
  // A pair of interfaces with an address, since browsers offer no loopback addresses to others.
  const network = [
    'set -e', 'ip link set lo up', 'ip link add muster0 type veth peer name muster1',
    'ip address add 10.77.0.1/24 dev muster0', 'ip address add fd77::1/64 dev muster0 nodad', 'ip link set muster0 up', 'ip link set muster1 up',
    'ip route add default via 10.77.0.1', 'ip -6 route add default via fd77::1 dev muster0 || true',
  ].join('; ');
  const possible = spawnSync(unshare[0], [...unshare.slice(1), 'sh', '-c', `${network}; nft list tables`]);
  if (possible.status !== 0) {
    const why = `network namespaces cannot be made here: ${possible.stderr ?? possible.error}`;
    if (process.env.CI) fail(why);
    console.log(`SKIPPED ${files.map((file) => path.relative(E2E, file))}: ${why}`);
    return true;
  }
  return run([...unshare, 'sh', '-c', `${network}; exec "$@"`, 'sh'], files);
}

function tests(folder) {
  return readdirSync(path.join(E2E, folder))
    .filter((name) => name.endsWith('.test.mjs'))
    .map((name) => path.join(E2E, folder, name));
}

function clearOutput() {
  rmSync(path.join(E2E, 'out'), { recursive: true, force: true });
  mkdirSync(path.join(E2E, 'out'));
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
