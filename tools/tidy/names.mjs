// Files, directories and functions are named after what they hold or do.
const NOTHING = /^(utils?|commons?|helpers?|misc|shared|stuff)$/i;

export function names(file) {
  const found = [];
  for (const part of file.path.split('/')) {
    const name = part.replace(/\..*$/, '');
    if (NOTHING.test(name)) found.push({ line: 1, what: `"${name}" says nothing; name it after the noun it owns` });
  }
  if (!['rs', 'script'].includes(file.language)) return found;
  file.code.forEach((text, at) => {
    const name = /\b(?:fn|mod|function)\s+(\w+)/.exec(text)?.[1];
    if (name && NOTHING.test(name)) found.push({ line: at + 1, what: `"${name}" says nothing; name it after what it is for` });
  });
  return found;
}
