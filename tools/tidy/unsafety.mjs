// `unsafe` is for the sockets of the media plane alone, and each block carries its argument (ARCHITECTURE.md, rule 9).
const HOME = /^crates\/media\/src\/net(\.rs$|\/)/;
/** Lines above a block in which the argument may begin. */
const NEAR = 6;

export function unsafety(file) {
  if (file.language !== 'rs') return [];
  const found = [];
  file.code.forEach((text, at) => {
    // A function pointer's type is no unsafe code.
    if (!/\bunsafe\b(?!\s+extern\b)/.test(text)) return;
    if (!HOME.test(file.path)) {
      found.push({ line: at + 1, what: 'unsafe outside media::net; do it there, behind a safe face' });
    } else if (!file.lines.slice(Math.max(0, at - NEAR), at + 1).some((line) => line.includes('SAFETY:'))) {
      found.push({ line: at + 1, what: 'unsafe without a comment "SAFETY: …" that says why it is sound' });
    }
  });
  return found;
}
