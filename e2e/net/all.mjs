// One process for all tests of the laboratory, so that they share its network and its browsers.
import './networks.test.mjs';
import './matrix.test.mjs';
import './relay.test.mjs';
import './origin.test.mjs';
import './moving.test.mjs';
import './causes.test.mjs';
import './patience.test.mjs';
import './healthy.test.mjs';
