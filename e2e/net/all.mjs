// One process for all tests of the laboratory, so that they share its network and its browsers.
import './networks.test.mjs';
import './matrix.test.mjs';
import './origin.test.mjs';
import './causes.test.mjs';
import { WHOLE } from './harness/extent.mjs';

// In the last runs somebody for whom only 443 is open got no media in it after nodes were looked at through relays.
if (WHOLE) await import('./healthy.test.mjs');
