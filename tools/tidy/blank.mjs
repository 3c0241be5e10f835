// Source text without what a compiler skips: comments, and what stands in quotes. Every other character stays where it
// was, so that places found in the result are places of the file.

const RUST = [
  /\/\/[^\n]*/y,
  /\bb?r(#*)"[^]*?"\1/y,
  /b?"(?:[^"\\]|\\[^])*"/y,
  // A character, not a lifetime.
  /b?'(?:[^'\\\n]|\\(?:x..|u\{[^}]*\}|.))'/y,
];
const SCRIPT = [
  /\/\/[^\n]*/y,
  /\/\*[^]*?\*\//y,
  /"(?:[^"\\\n]|\\.)*"/y,
  /'(?:[^'\\\n]|\\.)*'/y,
  /`(?:[^`\\]|\\[^])*`/y,
  // A regular expression where no value stands before it.
  /(?<=[(,=:[!&|?{};\n]\s*|\breturn\s+)\/(?![*/])(?:[^/\\\n[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y,
];

export function blank(text, language) {
  const skipped = language === 'rs' ? RUST : SCRIPT;
  let out = '';
  let at = 0;
  while (at < text.length) {
    const length = (language === 'rs' && nested(text, at)) || longest(skipped, text, at);
    const taken = text.slice(at, at + (length || 1));
    out += length ? taken.replace(/[^\n]/g, ' ') : taken;
    at += taken.length;
  }
  return out;
}

function longest(patterns, text, at) {
  for (const pattern of patterns) {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    if (found) return found[0].length;
  }
  return 0;
}

/** The length of a block comment, which nests in Rust. */
function nested(text, at) {
  if (!text.startsWith('/*', at)) return 0;
  let depth = 0;
  const marks = /\/\*|\*\//g;
  marks.lastIndex = at;
  for (let mark = marks.exec(text); mark; mark = marks.exec(text)) {
    depth += mark[0] === '/*' ? 1 : -1;
    if (depth === 0) return marks.lastIndex - at;
  }
  return text.length - at;
}
