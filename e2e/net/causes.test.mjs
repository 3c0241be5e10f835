// Causes of a missing picture are injected one by one: each has to be named first, with proof, and where there is a remedy
// that needs nobody the picture has to be there.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { CAUSES } from './causes/all.mjs';
import { WHOLE } from './harness/extent.mjs';
import { Stage } from './harness/stage.mjs';
import { table } from './harness/table.mjs';

/** Causes of the sample. */
const SAMPLE = ['relay-secret', 'tls-certificate'];
const only = process.env.CAUSE;
const chosen = CAUSES.filter(({ code }) => (only ? only.split(',').includes(code) : WHOLE || SAMPLE.includes(code)));
const rows = [];

after(() => console.log(table(['', 'cause', 'named first', 'proof', 'picture', 'seconds'], rows)));

for (const cause of chosen) {
  const number = cause.number ? `D-${cause.number}` : '-';
  test(`${number} ${cause.code}: ${cause.what}`, { timeout: 240_000 }, async (context) => {
    const row = [number, cause.code, 'no', '', 'no', ''];
    rows.push(row);
    const stage = await Stage.set(context, settled(cause.stage));
    context.after(() => stage.strike());
    await cause.before?.(stage);
    if (!cause.during) await cause.inject?.(stage);
    // Where no node serves nobody gets in.
    const call = stage.opens ? await stage.call({ page: cause.page }) : undefined;
    if (cause.during) {
      await call.seen();
      await cause.inject(stage);
    }
    const begun = performance.now();
    const shown = cause.heals ? call.seen({ frames: 30 }) : undefined;
    shown?.catch(() => {});
    const finding = await stage.named(cause.code);
    [row[2], row[3]] = ['yes', finding.proof];
    assert.match(finding.proof, /\S/);
    if (!cause.heals) await mend(stage, cause, call);
    await (shown ?? (await stage.call()).seen());
    [row[4], row[5]] = [cause.heals ? 'by itself' : 'once mended', ((performance.now() - begun) / 1000).toFixed(1)];
  });
}

/** Settings that have to be made for each stage anew are functions. */
function settled(stage = {}) {
  const made = Object.entries(stage).map(([key, value]) => [key, typeof value === 'function' ? value() : value]);
  return Object.fromEntries(made);
}

/** What a person would do, after which people who call again have to see each other. */
async function mend(stage, cause, call) {
  await call?.close();
  stage.open();
  await cause.cure?.(stage);
}
