// The story that Muster began with. A master with a public address and three private nodes stop at midnight. In the
// morning they start in any order, at other addresses than yesterday, and two people behind different NATs call each
// other. On some mornings each of them saw only himself, all day; here not one may fail.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Call, inWords } from './harness/call.mjs';
import { Cluster, OUTSIDE } from './harness/cluster.mjs';
import { WHOLE } from './harness/extent.mjs';
import { Calendar, everyMorning } from './harness/morning.mjs';
import { table } from './harness/table.mjs';

/** Longest that anybody may wait for a picture, in the morning and after the address has changed. */
const PATIENCE = 60_000;
/** Frames that nothing on its way from before a change of address explains. */
const FRAMES_AFTER = 30;
/** Of the sample. */
const NODES_FIRST = 'node1,node2,node3,master';

const mornings = everyMorning().filter(({ address, returns, order }) => {
  return WHOLE || (address !== 'known at boot' && returns === 'nodes recreated' && String(order) === NODES_FIRST);
});

test(`each sees the other on ${mornings.length} mornings`, { timeout: 2 * PATIENCE * (mornings.length + 1) }, async (context) => {
  const cluster = await Cluster.at();
  context.after(() => cluster.close());
  cluster.everywhere = OUTSIDE;
  const [a, b] = cluster.laboratory.homes;
  a.move('nat');
  b.move('symmetric nat');
  const calendar = new Calendar(cluster);
  await cluster.up();
  const rows = [];
  const bad = [];
  for (const morning of mornings) {
    await calendar.midnight();
    const row = await lived(context, calendar, morning).catch((error) => {
      bad.push(`${inBrief(morning)}: ${error.message}\n${cluster.tail()}`);
      return [...inBrief(morning), 'never'];
    });
    rows.push(row);
    if (WHOLE) console.log(row.join('  '));
  }
  console.log(table(['public address', 'nodes', 'order', 'serving after', 'picture after', 'again after', 'path'], rows));
  console.log(`picture after ${spread(rows.map((row) => row[4]))}; again after ${spread(rows.map((row) => row[5]))}`);
  assert.deepEqual(bad, []);
});

/** Lives through a morning and returns its row of the table; seconds since the first process was started. */
async function lived(context, calendar, morning) {
  const { cluster } = calendar;
  const begun = await calendar.morning(morning);
  const since = (moment) => ((performance.now() - moment) / 1000).toFixed(1);
  await cluster.isOpen(PATIENCE);
  const up = since(begun);
  const call = await Call.between(context, cluster, { patience: PATIENCE });
  await call.seen();
  const picture = since(begun);
  let again = '';
  if (morning.address === 'changing during the call') {
    const changed = performance.now();
    calendar.moveMaster();
    await call.seen({ frames: FRAMES_AFTER });
    again = since(changed);
  }
  const paths = [...new Set((await call.paths()).map(inWords))].join('; ');
  await call.close();
  return [...inBrief(morning), up, picture, again, paths];
}

function inBrief({ address, returns, order }) {
  return [address, returns, order.join(' ')];
}

/** The least, the middle and the most of some times. */
function spread(times) {
  const sorted = times.filter(Boolean).map(Number).sort((one, other) => one - other);
  return sorted.length > 0 ? `${sorted[0]} / ${sorted[sorted.length >> 1]} / ${sorted.at(-1)} s` : 'none';
}
