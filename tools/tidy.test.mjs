// Each rule of tidy.mjs is seen to fail on a house with that one fault, and to be silent on one without.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { inspect } from './tidy/house.mjs';

const TIDY = fileURLToPath(new URL('tidy.mjs', import.meta.url));

const CLEAN = {
  'ARCHITECTURE.md': '| `crates/room` | rooms |\n| `crates/media` | media |\n',
  'crates/media/Cargo.toml': '',
  'crates/room/Cargo.toml': '',
  'crates/room/src/lib.rs': [
    '//! A room. `.unwrap()`, todo!() and unsafe { } in comments are nobody\'s business.',
    'const TEXT: &str = "unsafe { x.unwrap() } /* todo!() */ {{{";',
    'const RAW: &str = r#"dbg!(")"#;',
    "const QUOTE: char = '\"'; const BRACE: char = '{';",
    "fn named<'a>(text: &'a str) -> &'a str { text }",
    '#[cfg(test)]',
    'mod tests {',
    '    fn one() { Some(1).unwrap(); }',
    '}',
  ].join('\n'),
  'crates/room/src/room/tests.rs': 'fn one() { Some(1).unwrap(); }\n'.repeat(600),
  'crates/room/tests/calls.rs': `fn long() {\n${'    step();\n'.repeat(100)}}\n`,
  'crates/media/src/net/udp.rs': '// SAFETY: `fd` is open.\nlet fd = unsafe { own(fd) };\n',
  'web/src/main.ts': "const brace = /[{]/; const text = `{ ${brace}`; if (brace) { show('}'); }\n",
};

const FAULTS = [
  ['a long file', 'crates/room/src/long.rs', `${'const A: u8 = 0;\n'.repeat(501)}`, ':501: 501 lines'],
  ['a long script', 'web/src/long.ts', `${'let a;\n'.repeat(600)}`, ':501: 600 lines'],
  ['a long function', 'crates/room/src/f.rs', `\nfn long(a: u8) -> u8\nwhere\n    u8: Copy,\n{\n${'    step();\n'.repeat(60)}}\n`, ':2: the function long has 65 lines'],
  ['a long method', 'crates/room/src/m.rs', `impl A {\n    pub async fn long(\n        &self,\n    ) {\n${'        step();\n'.repeat(60)}    }\n}\n`, ':2: the function long has 64 lines'],
  ['a long function of a script', 'web/src/f.ts', `export async function long(a: { b: string }): Promise<void> {\n${'  step();\n'.repeat(60)}}\n`, ':1: the function long has 62 lines'],
  ['a long arrow', 'web/src/a.ts', `const long = async (a) => {\n${'  step();\n'.repeat(60)}};\n`, ':1: the function long has 62 lines'],
  ['a long method of a script', 'web/src/m.ts', `class A {\n  long(a) {\n${'    step();\n'.repeat(60)}  }\n}\n`, ':2: the function long has 62 lines'],
  ['an unwrap', 'crates/room/src/u.rs', 'fn a() {\n    b("//").unwrap();\n}\n', ':2: unwrap() outside tests'],
  ['an unwrap after a quote in quotes', 'crates/room/src/q.rs', "fn a() { b('\"').unwrap(); }\n", ':1: unwrap() outside tests'],
  ['an unwrap_err', 'crates/room/src/e.rs', 'fn a() { b().unwrap_err(); }\n', ':1: unwrap_err()'],
  ['a todo', 'crates/room/src/t.rs', 'fn a() { todo!() }\n', ':1: unfinished'],
  ['an unimplemented', 'crates/room/src/i.rs', 'fn a() { unimplemented!("later") }\n', ':1: unfinished'],
  ['a dbg', 'crates/room/src/d.rs', 'fn a() { dbg!(1); }\n', ':1: left from debugging'],
  ['a nameless file', 'crates/room/src/utils.rs', '', ':1: "utils" says nothing'],
  ['a nameless directory', 'web/src/common/a.ts', '', ':1: "common" says nothing'],
  ['a nameless function', 'web/src/n.ts', 'function helper() {}\n', ':1: "helper" says nothing'],
  ['a nameless module', 'crates/room/src/n.rs', 'mod misc {}\n', ':1: "misc" says nothing'],
  ['unsafe code', 'crates/room/src/s.rs', 'fn a() {\n    unsafe { b() }\n}\n', ':2: unsafe outside media::net'],
  ['unsafe code in a test', 'crates/room/tests/s.rs', 'unsafe fn a() {}\n', ':1: unsafe outside media::net'],
  ['unsafe code that looks at home', 'crates/media/src/nets.rs', '// SAFETY: yes.\nunsafe { b() }\n', ':2: unsafe outside media::net'],
  ['unsafe code without argument', 'crates/media/src/net/tcp.rs', '\n\nlet a = unsafe { b() };\n', ':3: unsafe without a comment'],
  ['a crate off the map', 'crates/door/Cargo.toml', '', 'ARCHITECTURE.md:1: does not name `crates/door`'],
  ['a crate gone from the house', 'ARCHITECTURE.md', '`crates/room` `crates/media`\n`crates/attic`\n', 'ARCHITECTURE.md:2: names `crates/attic`'],
];

test('a clean house has no findings', () => {
  assert.deepEqual(findings(CLEAN), []);
});

for (const [fault, file, text, expected] of FAULTS) {
  test(`${fault} is found`, () => {
    const found = findings({ ...CLEAN, [file]: text });
    assert.equal(found.length, 1, found.join('\n'));
    assert.ok(found[0].startsWith(expected.startsWith(':') ? file + expected : expected), found[0]);
  });
}

test('a permission is heeded, and found when nothing needs it', () => {
  const permission = { rule: 'functions', path: 'web/src/f.ts', item: 'long' };
  const long = `function long() {\n${'  step();\n'.repeat(60)}}\n`;
  assert.deepEqual(findings({ ...CLEAN, 'web/src/f.ts': long }, [permission]), []);
  assert.equal(findings({ ...CLEAN, 'web/src/f.ts': long.replace('long', 'other') }, [permission]).length, 2);
});

test('the command prints the finding and fails', () => {
  inHouse({ ...CLEAN, 'web/src/utils.ts': '' }, (root) => {
    const { status, stderr } = spawnSync(process.execPath, [TIDY], { cwd: root, encoding: 'utf8' });
    assert.equal(status, 1);
    assert.match(stderr, /^web\/src\/utils.ts:1: "utils" says nothing/m);
  });
});

function findings(files, permissions = []) {
  return inHouse(files, (root) => inspect(root, permissions).findings);
}

/** Calls `act` with a directory that holds these files. */
function inHouse(files, act) {
  const root = mkdtempSync(path.join(tmpdir(), 'tidy-'));
  try {
    for (const [file, text] of Object.entries(files)) {
      mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
      writeFileSync(path.join(root, file), text);
    }
    execFileSync('git', ['init', '--quiet'], { cwd: root });
    return act(root);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}
