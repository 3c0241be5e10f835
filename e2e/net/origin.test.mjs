// The story that Muster began with. A master with a public address and three private nodes stop at midnight. In the
// morning they start in any order, at other addresses than yesterday, and two people behind different NATs call each
// other. On some mornings each of them saw only himself, all day; here not one may fail.
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
const NODES_FIRST = 'node1,node2,node3,master';
const MASTER_FIRST = 'master,node3,node1,node2';

const mornings = everyMorning().filter(({ address, returns, order }) => {
  if (WHOLE) return true;
  return returns === 'nodes recreated' && String(order) === (address === 'known at boot' ? MASTER_FIRST : NODES_FIRST);
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
  try {
    for (const morning of mornings) {
      await calendar.midnight();
      rows.push(await lived(context, calendar, morning));
    }
  } finally {
    console.log(table(['public address', 'nodes', 'order', 'serving after', 'picture after', 'again after', 'path'], rows));
  }
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
  return [morning.address, morning.returns, morning.order.join(' '), up, picture, again, paths];
}
