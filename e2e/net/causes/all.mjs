import { MASTER_CAUSES } from './master.mjs';
import { NETWORK_CAUSES } from './network.mjs';
import { NODE_CAUSES } from './node.mjs';
import { RELAY_CAUSES } from './relay.mjs';

/**
 * Every cause of the catalogue that can be injected, and some beside it. Each names its `number` (13 for D-13; none for what is not in it), its `code` and `what` is done;
 * `stage` is what `Stage.set` takes, `inject` is done to the stage, `during` a call or before it; `before` says what is so already; `page` are options of
 * the application's page. `heals` says whether the picture has to come (or stay) by itself while the cause is there;
 * otherwise it has to come after `cure`, which is also what undoes the injection where that is not a packet filter.
 */
export const CAUSES = [...NODE_CAUSES, ...RELAY_CAUSES, ...NETWORK_CAUSES, ...MASTER_CAUSES].toSorted((one, other) => (one.number ?? 99) - (other.number ?? 99));
