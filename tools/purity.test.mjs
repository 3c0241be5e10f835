// Both halves of purity.mjs are seen to fail: the list of what is linked, and what clippy bans.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { inspect } from './purity/crates.mjs';

const RULES = fileURLToPath(new URL('purity', import.meta.url));

const package_ = (name, rest = '') => `[package]\nname = "${name}"\nversion = "0.1.0"\nedition = "2024"\n${rest}`;
const WORKSPACE = {
  'Cargo.toml': '[workspace]\nresolver = "3"\nmembers = ["crates/*"]\n',
  'tools/purity/clippy.toml': '',
  'crates/room/Cargo.toml': package_('room', '[dependencies]\nwall = { path = "../wall" }\n'),
  'crates/room/src/lib.rs': '',
  'crates/wall/Cargo.toml': package_('wall', '[dev-dependencies]\ntokio = { path = "../tokio" }\n'),
  'crates/wall/src/lib.rs': '',
  'crates/tokio/Cargo.toml': package_('tokio'),
  'crates/tokio/src/lib.rs': '',
};

test('a pure crate passes, whatever its tests need', () => {
  assert.deepEqual(inspected(WORKSPACE), []);
});

test('a runtime behind another crate is found', () => {
  const wall = package_('wall', '[dependencies]\ntokio = { path = "../tokio" }\n');
  const found = inspected({ ...WORKSPACE, 'crates/wall/Cargo.toml': wall });
  assert.equal(found.length, 1, found.join('\n'));
  assert.match(found[0], /^crates\/room\/Cargo\.toml:1: room is pure and is linked with tokio/);
});

test('a pure crate without the rules is found', () => {
  const found = inspected(WORKSPACE, { linked: false });
  assert.equal(found.length, 1, found.join('\n'));
  assert.match(found[0], /^crates\/room\/clippy\.toml:1: is not a link/);
});

const IMPURE = {
  'std::time::Instant::now': 'std::time::Instant::now();',
  'std::time::Instant::elapsed': 'fn a(at: std::time::Instant) { at.elapsed(); } a',
  'std::time::SystemTime::now': 'use std::time as clock; clock::SystemTime::now();',
  'std::thread::spawn': 'std::thread::spawn(|| ());',
  'std::thread::sleep': 'use std::thread::*; sleep(std::time::Duration::ZERO);',
  'std::net::UdpSocket::bind': 'std::net::UdpSocket::bind("");',
  'std::net::TcpStream': 'fn a(_: std::net::TcpStream) {}',
  'std::net::ToSocketAddrs::to_socket_addrs': 'use std::net::ToSocketAddrs; "a:1".to_socket_addrs();',
  'std::env::var': 'std::env::var("A");',
  'std::fs::read_to_string': 'std::fs::read_to_string("");',
  'std::process::Command::new': 'std::process::Command::new("");',
  'std::collections::HashMap': 'fn a(_: std::collections::HashMap<u8, u8>) {}',
};

test('clippy finds each thing that is banned', () => {
  const calls = Object.values(IMPURE).map((code, at) => `pub fn f${at}() { ${code} ; }`);
  const output = clippy(calls.join('\n'));
  calls.forEach((_, at) => assert.match(output, new RegExp(`planted.rs:${at + 1}:`), `${Object.keys(IMPURE)[at]}:\n${output}`));
  for (const name of Object.keys(IMPURE)) assert.ok(output.includes(`\`${name}\``), `${name} is not in:\n${output}`);
});

test('clippy lets addresses, durations and ordered maps pass', () => {
  const output = clippy(
    'pub fn f(_: std::net::IpAddr, _: std::time::Duration, _: std::collections::BTreeMap<u8, u8>, _: std::time::Instant) {}',
  );
  assert.doesNotMatch(output, /disallowed/);
});

/** What clippy says of this code under the rules of pure crates. */
function clippy(code) {
  return inDirectory({ 'planted.rs': code }, (root) => {
    const options = ['--edition', '2024', '--crate-type', 'lib', '--emit', 'metadata', 'planted.rs'];
    const sysroot = execFileSync('rustc', ['--print', 'sysroot'], { encoding: 'utf8' }).trim();
    const env = { ...process.env, CLIPPY_CONF_DIR: RULES };
    return spawnSync('clippy-driver', [...options, '--sysroot', sysroot], { cwd: root, env, encoding: 'utf8' }).stderr;
  });
}

function inspected(files, { linked = true } = {}) {
  return inDirectory(files, (root) => {
    if (linked) symlinkSync('../../tools/purity/clippy.toml', path.join(root, 'crates/room/clippy.toml'));
    execFileSync('cargo', ['generate-lockfile', '--offline', '--quiet'], { cwd: root });
    return inspect(root, ['room']);
  });
}

/** Calls `act` with a directory that holds these files. */
function inDirectory(files, act) {
  const root = mkdtempSync(path.join(tmpdir(), 'purity-'));
  try {
    for (const [file, text] of Object.entries(files)) {
      mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
      writeFileSync(path.join(root, file), text);
    }
    return act(root);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

test('every ban carries its reason', () => {
  const rules = readFileSync(path.join(RULES, 'clippy.toml'), 'utf8');
  const bans = rules.split('\n').filter((line) => line.trim().startsWith('{'));
  assert.ok(bans.length > 20);
  for (const ban of bans) assert.match(ban, /reason = "[^"]{10,}"/);
});
