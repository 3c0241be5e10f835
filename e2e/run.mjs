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

/** Folders whose tests run in namespaces of their own: what `unshare` makes, and how that is furnished. */
const APART = {
  namespace: {
    kinds: ['--net', '--mount'],
    // A pair of interfaces with an address, since browsers offer no loopback addresses to others.
    furnish: [
      'ip link set lo up', 'ip link add muster0 type veth peer name muster1',
      'ip address add 10.77.0.1/24 dev muster0', 'ip address add fd77::1/64 dev muster0 nodad', 'ip link set muster0 up', 'ip link set muster1 up',
      // Rules for media ports must not hit a connection that was given one of those numbers by chance.
      'echo 42000 60999 > /proc/sys/net/ipv4/ip_local_port_range',
      'ip route add default via 10.77.0.1', 'ip -6 route add default via fd77::1 dev muster0 || true',
    ],
    files: () => tests('namespace'),
  },
  net: {
    // With processes of its own, so that nothing of it outlives the tests, however they end.
    kinds: ['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'],
    furnish: [
      'mount -t tmpfs muster /run', 'mkdir /run/netns', 'touch /run/resolv.conf', 'mount --bind /run/resolv.conf /etc/resolv.conf',
      'ip netns add trial', 'ip netns delete trial',
    ],
    files: () => [path.join(E2E, 'net', 'all.mjs')],
  },
};

const asked = process.argv.slice(2).map((file) => path.resolve(file));
const within = (folder) => (file) => file.startsWith(path.join(E2E, folder) + path.sep);
const apart = Object.keys(APART).map((folder) => [folder, asked.length > 0 ? asked.filter(within(folder)) : APART[folder].files()]);
const plain = asked.length > 0 ? asked.filter((file) => !Object.keys(APART).some((folder) => within(folder)(file))) : [path.join(E2E, 'all.mjs')];

if (!existsSync(BINARY)) fail(`${BINARY} is missing. Build it first: cargo build --release`);
clearOutput();
const total = { pass: 0, fail: 0, skipped: 0 };
let failed = false;
if (plain.length > 0) failed = !run([], plain) || failed;
for (const [folder, files] of apart) if (files.length > 0) failed = !runApart(APART[folder], files) || failed;
console.log(`\n${total.pass} passed, ${total.fail} failed, ${total.skipped} skipped`);
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
  for (const outcome of Object.keys(total)) {
    total[outcome] += Number(new RegExp(`^# ${outcome} (\\d+)$`, 'm').exec(text)?.[1] ?? 0);
  }
}

function environment() {
  // The server under test signs its own certificate.
  return { ...process.env, NODE_TLS_REJECT_UNAUTHORIZED: '0', NODE_NO_WARNINGS: '1' };
}

/** Runs tests in namespaces of their own. Where those cannot be made the files are skipped, and counted; in CI that is a failure. */
function runApart({ kinds, furnish }, files) {
  const unshare = ['unshare', ...kinds, ...(process.getuid() === 0 ? [] : ['--user', '--map-root-user'])];
  const prepared = ['set -e', 'PATH=$PATH:/usr/sbin:/sbin', ...furnish].join('; ');
  const possible = spawnSync(unshare[0], [...unshare.slice(1), 'sh', '-c', `${prepared}; nft list tables`]);
  if (possible.status !== 0) {
    const why = `network namespaces cannot be made here: ${possible.stderr ?? possible.error}`;
    if (process.env.CI) fail(why);
    console.log(`SKIPPED ${files.map((file) => path.relative(E2E, file))}: ${why}`);
    total.skipped += files.length;
    return true;
  }
  // The shell stays, to be parent to what loses its own.
  return run([...unshare, 'sh', '-c', `${prepared}; set +e; "$@"; exit $?`, 'sh'], files);
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
