// The files that rules look at: what git tracks or would track, each with its text as people and as compilers see it.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { blank } from './blank.mjs';

const KINDS = ['*.rs', '*.ts', '*.mjs', '*.js', '*.css', '*.html', '*.proto', '*.sh'];

export function sources(root) {
  const listed = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '--', ...KINDS], {
    cwd: root,
    encoding: 'utf8',
  });
  return listed
    .split('\n')
    .filter(Boolean)
    .map((file) => source(root, file))
    .filter(Boolean);
}

/** `undefined` for a file that git still lists but that is gone. */
function source(root, file) {
  let text;
  try {
    text = readFileSync(path.join(root, file), 'utf8').trimEnd();
  } catch {
    return undefined;
  }
  const language = /\.(ts|mjs|js)$/.test(file) ? 'script' : path.extname(file).slice(1);
  const bare = ['rs', 'script'].includes(language) ? blank(text, language) : text;
  const lines = text.split('\n');
  const code = bare.split('\n');
  return { path: file, language, test: isTest(file), lines, code, tests: testsFrom(language, code) };
}

function isTest(file) {
  return (
    /(^|\/)(tests|benches|e2e|fuzz_targets)\//.test(file) ||
    /(^|\/)tests\.rs$/.test(file) ||
    /\.test\.\w+$/.test(file)
  );
}

/** Where the test module begins that stands at the end of a Rust file; the number of lines without one. */
function testsFrom(language, code) {
  if (language !== 'rs') return code.length;
  const at = code.findIndex((line, index) => /^#\[cfg\(test\)\]/.test(line) && /^mod tests\b/.test(code[index + 1] ?? ''));
  return at < 0 ? code.length : at;
}
