// ARCHITECTURE.md names what there is and nothing else.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

const MAP = 'ARCHITECTURE.md';

export function architecture(root) {
  const text = readFileSync(path.join(root, MAP), 'utf8');
  return [...missing(root, text), ...vanished(root, text)];
}

/** Crates, and whole directories beside them, that the map does not name. */
function missing(root, text) {
  const crates = directories(path.join(root, 'crates')).map((name) => `crates/${name}`);
  const others = directories(root).filter((name) => existsSync(path.join(root, name, 'Cargo.toml')));
  return [...crates, ...others]
    .filter((name) => !text.includes(`\`${name}\``) && !text.includes(`\`${name}/\``))
    .map((name) => `${MAP}:1: does not name \`${name}\`; say what it is for and when to change it`);
}

/** Crates that the map names and that are not there. */
function vanished(root, text) {
  const found = [];
  text.split('\n').forEach((line, at) => {
    for (const [, name] of line.matchAll(/`(crates\/[\w-]+)`/g)) {
      if (!existsSync(path.join(root, name, 'Cargo.toml'))) {
        found.push(`${MAP}:${at + 1}: names \`${name}\`, which is not there; take it out`);
      }
    }
  });
  return found;
}

function directories(where) {
  if (!existsSync(where)) return [];
  return readdirSync(where, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
    .map((entry) => entry.name);
}
