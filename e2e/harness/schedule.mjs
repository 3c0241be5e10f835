const MINUTE_MS = 60_000;
/** What is planned less ahead might be over when the master hears of it. */
const MARGIN_MS = 3000;

/** The next minute that is far enough away to plan for. */
export function nextMinute() {
  return (Math.floor((Date.now() + MARGIN_MS) / MINUTE_MS) + 1) * MINUTE_MS;
}

/** An entry of a schedule that wants so many nodes from a minute on, some minutes after `at`. */
export function entry(name, nodes, at, minutes = 0) {
  const moment = new Date(at + minutes * MINUTE_MS);
  return { name, nodes, cron: `${moment.getUTCMinutes()} ${moment.getUTCHours()} * * *`, zone: 'Etc/UTC' };
}
