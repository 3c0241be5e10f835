import { after } from 'node:test';

// Registered once for the whole run: browsers and servers are shared by all tests of a process.
const jobs = [];
after(async () => {
  for (const job of jobs.reverse()) await job();
});

/** Runs `job` when all tests are over, the latest first. */
export function atEnd(job) {
  jobs.push(job);
}
