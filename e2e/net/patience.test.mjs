// What no media gets through for minutes may open again while people wait, and nobody of ours sees it: their picture has
// to be there soon afterwards, without anybody joining again. Takes minutes, so only `make lab` lives through it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sleep } from '../harness/wait.mjs';
import { Coturn } from './harness/coturn.mjs';
import { WHOLE } from './harness/extent.mjs';
import { MEDIA, PRIVATE, Stage } from './harness/stage.mjs';
import { table } from './harness/table.mjs';

/** Longer than anybody is healed step by step for, and than clients repair their streams on their own account. */
const BLOCKED_MS = 150_000;
/** How long after that a picture may take. */
const SOON_MS = 40_000;
/** Frames that nothing on its way from before explains. */
const FRAMES_AFTER = 30;

const STORIES = [
  {
    what: "one client's own firewall",
    stage: { master: { MUSTER_RELAY_ENABLED: 'false' } },
    block: (stage) => stage.laboratory.homes[0].block(`meta l4proto { tcp, udp } th dport ${MEDIA}`),
    open: (stage) => stage.laboratory.homes[0].block(),
  },
  {
    what: 'the only relay',
    stage: () => ({ plan: PRIVATE, master: Coturn.setting(), coturn: {} }),
    block: (stage) => stage.filter('relay', { input: 'meta l4proto { tcp, udp } th dport { 3478, 50000-50199 } drop' }),
    open: (stage) => stage.open(),
  },
];

const rows = [];
for (const { what, stage: settings, block, open } of WHOLE ? STORIES : []) {
  test(`${what} lets no media through for minutes`, { timeout: 400_000 }, async (context) => {
    const stage = await Stage.set(context, typeof settings === 'function' ? settings() : settings);
    context.after(() => stage.strike());
    const call = await stage.call();
    await call.seen();
    block(stage);
    context.after(() => open(stage));
    await sleep(BLOCKED_MS);
    const [ada, bob] = call.people;
    assert.equal(await ada.framesWithin(bob, 1000), 0);
    assert.equal(await bob.framesWithin(ada, 1000), 0);
    open(stage);
    const opened = performance.now();
    const since = () => ((performance.now() - opened) / 1000).toFixed(1);
    const seen = (who, of) => who.seesAndHears(of, { timeout: SOON_MS, frames: FRAMES_AFTER }).then(since);
    rows.push([what, ...(await Promise.all([seen(ada, bob), seen(bob, ada)]))]);
    console.log(table(['opened after minutes', 'he is seen after', 'she is seen after'], rows));
  });
}
