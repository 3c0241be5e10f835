import { setTimeout as sleep } from 'node:timers/promises';

export { sleep };

/**
 * Waits until `probe` returns something truthy and returns that. On time-out the error names what was waited for and
 * what was seen last.
 */
export async function until(what, probe, { timeout = 15_000, every = 100 } = {}) {
  const deadline = Date.now() + timeout;
  let last;
  for (;;) {
    try {
      last = await probe();
      if (last) return last;
    } catch (error) {
      last = error;
    }
    if (Date.now() >= deadline) {
      const seen = last instanceof Error ? last.message : JSON.stringify(last);
      throw new Error(`waited ${timeout} ms for ${what}; last seen: ${seen}`);
    }
    await sleep(every);
  }
}
