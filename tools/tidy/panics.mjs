// What falls over where it could have said what is wrong, or was not finished. Rust, tests excepted.
const RULES = [
  [/\.unwrap\(\)/, 'unwrap() outside tests; return an error, or say by expect() why it cannot fail'],
  [/\.unwrap_err\(\)/, 'unwrap_err() outside tests; match on the result'],
  [/\b(?:todo|unimplemented)!/, 'unfinished; finish it or leave it out'],
  [/\bdbg!/, 'left from debugging; delete it or use tracing'],
];

export function panics(file) {
  if (file.language !== 'rs' || file.test) return [];
  const found = [];
  file.code.slice(0, file.tests).forEach((text, at) => {
    for (const [pattern, what] of RULES) {
      if (pattern.test(text)) found.push({ line: at + 1, what });
    }
  });
  return found;
}
