// One process for all tests, so that they share one Chromium, one Firefox and one server. A single file can be run
// alone by `node run.mjs tests/pairs.test.mjs`.
import './tests/rest_api.test.mjs';
import './tests/bad_input.test.mjs';
import './tests/node_client.test.mjs';
import './tests/pairs.test.mjs';
import './tests/gatherings.test.mjs';
import './tests/publishing.test.mjs';
import './tests/codecs.test.mjs';
import './tests/muting.test.mjs';
import './tests/signals.test.mjs';
import './tests/moderation.test.mjs';
import './tests/endings.test.mjs';
import './tests/reconnection.test.mjs';
import './tests/swiftness.test.mjs';
import './tests/call_page.test.mjs';
import './tests/master.test.mjs';
import './tests/node_death.test.mjs';
import './tests/frozen.test.mjs';
import './tests/launches.test.mjs';
import './tests/orders.test.mjs';
import './tests/nights.test.mjs';
import './tests/drain.test.mjs';
import './tests/schedule.test.mjs';
import './tests/bad_nodes.test.mjs';
