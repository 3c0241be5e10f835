// One process for all tests of the laboratory, so that they share its network and its browsers.
import './networks.test.mjs';
import './matrix.test.mjs';
