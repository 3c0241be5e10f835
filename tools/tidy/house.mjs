// All rules on all files of a directory that git knows.
import { architecture } from './architecture.mjs';
import { functions } from './functions.mjs';
import { length } from './length.mjs';
import { names } from './names.mjs';
import { panics } from './panics.mjs';
import { sources } from './source.mjs';
import { unsafety } from './unsafety.mjs';

const RULES = { length, functions, panics, names, unsafety };

/** How many files were looked at, and what was found, one line each. `permissions` is a list as in permissions.mjs. */
export function inspect(root, permissions) {
  const files = sources(root);
  const needed = new Set();
  const findings = architecture(root);
  for (const file of files) {
    for (const [rule, check] of Object.entries(RULES)) {
      for (const { line, what, item } of check(file)) {
        const permission = permissions.find(
          (entry) => entry.rule === rule && entry.path === file.path && (!entry.item || entry.item === item),
        );
        if (permission) needed.add(permission);
        else findings.push(`${file.path}:${line}: ${what}`);
      }
    }
  }
  for (const { rule, path } of permissions.filter((entry) => !needed.has(entry))) {
    findings.push(`${path}:1: has a permission for "${rule}" that it does not need; delete it in tools/tidy/permissions.mjs`);
  }
  return { files: files.length, findings };
}
