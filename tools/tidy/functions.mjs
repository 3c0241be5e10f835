// A function has at most 60 lines, from its first to its last, tests excepted.
const LONGEST = 60;
const RUST = /\bfn\s+(\w+)/;
const SCRIPTS = [
  /\bfunction\s*\*?\s*(\w+)/,
  /\b(?:const|let)\s+(\w+)\s*=\s*(?:async\s*)?(?:\([^()]*\)|\w+)\s*(?::[^=]+)?=>\s*\{/,
  /^\s*(?:(?:public|private|protected|static|async|get|set)\s+)*#?(\w+)\s*\([^;]*\)\s*(?::[^={]+)?\{$/,
];
const STATEMENTS = new Set(['if', 'for', 'while', 'switch', 'catch', 'with']);

export function functions(file) {
  if (file.test || !['rs', 'script'].includes(file.language)) return [];
  const found = [];
  for (let at = 0; at < file.tests; at += 1) {
    const name = nameIn(file, at);
    const lines = name && linesOf(file.code, at, name);
    if (lines > LONGEST) {
      const what = `the function ${name} has ${lines} lines, ${LONGEST} is the limit; let each step be a function`;
      found.push({ line: at + 1, what, item: name });
    }
  }
  return found;
}

function nameIn({ language, code }, at) {
  const patterns = language === 'rs' ? [RUST] : SCRIPTS;
  for (const pattern of patterns) {
    const name = pattern.exec(code[at])?.[1];
    if (name && !STATEMENTS.has(name)) return name;
  }
  return undefined;
}

/** From the line with the name to the brace that closes the body; 0 for a declaration without one. */
function linesOf(code, start, name) {
  let [round, curly] = [0, 0];
  for (let at = start; at < code.length; at += 1) {
    const from = at === start ? code[at].indexOf(name) : 0;
    for (const character of code[at].slice(from)) {
      if ('(['.includes(character)) round += 1;
      if (')]'.includes(character)) round -= 1;
      // Braces within the parameters are patterns or types.
      if (round > 0) continue;
      if (character === ';' && curly === 0) return 0;
      if (character === '{') curly += 1;
      if (character === '}') {
        curly -= 1;
        if (curly <= 0) return at - start + 1;
      }
    }
  }
  return 0;
}
