// Keeps the house in order: no file grows too long, none is named after nothing, and no program falls over where it
// could have said what is wrong. Prints every offence with its place; fails when there is one.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';

const LONGEST_FILE = 500;
const SOURCES = ['*.rs', '*.ts', '*.mjs', '*.js', '*.css', '*.proto'];
const NAMELESS = /^(utils?|commons?|helpers?|misc|shared)$/i;
const offences = [];

const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '--', ...SOURCES], { encoding: 'utf8' })
  .split('\n')
  .filter(Boolean);
for (const file of files) check(file);
for (const offence of offences) console.error(offence);
console.log(`${files.length} files looked at, ${offences.length} offences`);
process.exitCode = offences.length > 0 ? 1 : 0;

function check(file) {
  const lines = read(file);
  if (lines === undefined) return;
  checkNames(file);
  if (!isTest(file) && lines.length > LONGEST_FILE) {
    offences.push(`${file}: ${lines.length} lines; split it by noun, ${LONGEST_FILE} is the limit`);
  }
  if (file.endsWith('.rs')) checkRust(file, lines);
}

/** `undefined` for a file that git still lists but that is gone. */
function read(file) {
  try {
    return readFileSync(file, 'utf8').trimEnd().split('\n');
  } catch {
    return undefined;
  }
}

function checkNames(file) {
  for (const part of file.split('/')) {
    const name = path.parse(part).name;
    if (NAMELESS.test(name)) offences.push(`${file}: "${name}" says nothing; name it after what it holds`);
  }
}

function checkRust(file, lines) {
  if (isTest(file)) return;
  // Test modules stand at the end of a file.
  const tests = lines.findIndex((line) => /^#\[cfg\(test\)\]/.test(line));
  const code = tests < 0 ? lines : lines.slice(0, tests);
  code.forEach((line, index) => {
    const place = `${file}:${index + 1}`;
    const text = line.replace(/\/\/.*/, '');
    if (/\.unwrap\(\)/.test(text)) offences.push(`${place}: unwrap() outside tests; say by expect() why it cannot fail`);
    if (/\b(todo|unimplemented|dbg)!/.test(text)) offences.push(`${place}: unfinished`);
    const named = /\bfn (\w+)/.exec(text)?.[1];
    if (named && NAMELESS.test(named)) offences.push(`${place}: the function "${named}" says nothing`);
  });
}

function isTest(file) {
  return /(^|\/)(tests|benches|e2e)\//.test(file) || /(^|\/)tests?\.rs$/.test(file) || /\.test\.\w+$/.test(file);
}
