// A file has at most 500 lines, blank ones and comments counted. Tests are not: files of tests, and the test module at
// the end of a Rust file.
const LONGEST = 500;

export function length(file) {
  const lines = file.test ? 0 : file.tests;
  if (lines <= LONGEST) return [];
  return [{ line: LONGEST + 1, what: `${lines} lines, ${LONGEST} is the limit; move a noun into a file of its own` }];
}
