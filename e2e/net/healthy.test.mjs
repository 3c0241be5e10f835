// Where nothing is wrong nothing is reported, however many come and go, out of whichever network: 200 joins in `make lab`,
// some of them too short for a picture.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WHOLE } from './harness/extent.mjs';
import { NETWORKS } from './harness/home.mjs';
import { Stage } from './harness/stage.mjs';

const CALLS = WHOLE ? 100 : 8;
/** Every so many calls somebody hangs up before there is a picture. */
const SHORT = 4;
const KINDS = Object.keys(NETWORKS);

test(`a healthy cluster under ${2 * CALLS} joins reports no cause`, { timeout: 20_000 * CALLS }, async (context) => {
  const stage = await Stage.set(context);
  context.after(() => stage.strike());
  for (let number = 1; number <= CALLS; number++) {
    stage.laboratory.homes.forEach((home, index) => home.move(KINDS[(number + index * 2) % KINDS.length]));
    const call = await stage.call();
    if (number % SHORT !== 0) await call.seen();
    await call.close();
    const { fleet, failures } = await stage.diagnosis();
    assert.deepEqual({ fleet, failures }, { fleet: [], failures: [] }, `after ${2 * number} joins`);
  }
});
