// Keeps the house in order: prints every finding with its place and what to do about it, and fails when there is one.
// `node --test tools/` shows that each rule can fail.
import { inspect } from './tidy/house.mjs';
import { PERMISSIONS } from './tidy/permissions.mjs';

const { files, findings } = inspect('.', PERMISSIONS);
for (const finding of findings) console.error(finding);
console.log(`${files} files looked at, ${findings.length} findings`);
process.exitCode = findings.length > 0 ? 1 : 0;
