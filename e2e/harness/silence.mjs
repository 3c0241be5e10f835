/** How often frames are counted, milliseconds. A picture at 15 frames a second gives one or two each time. */
export const STEP = 100;

/**
 * A silence up to this is no interruption: a transport that is lost takes seconds to be missed and made anew, while on
 * a busy machine a picture may be decoded late by itself. Tests print what they measured.
 */
export const UNINTERRUPTED_MS = 3000;

/** Two people of a call who see each other, watched for moments without frames. */
export class Watch {
  static async over(one, other) {
    await Promise.all([one.call('watch', other.id, STEP), other.call('watch', one.id, STEP)]);
    return new Watch(one, other);
  }

  constructor(one, other) {
    this.people = [one, other];
  }

  /**
   * The longest that each of them was without a new frame, milliseconds, as far as the sender is not to blame: on a busy
   * machine a browser may stop encoding for a while, and a picture that was never sent is nobody's loss.
   */
  async longestSilences() {
    const [one, other] = await Promise.all(this.people.map((person) => person.call('watched')));
    return [longest(one, other), longest(other, one)];
  }
}

/** Frames arrive up to a step before a silence was first noted and up to one after it was last. */
function longest(receiver, sender) {
  const unsent = silences(sender, 'sent');
  const left = silences(receiver, 'received').map((silence) => length(silence) - overlap(silence, unsent));
  return Math.max(0, ...left) + 2 * STEP;
}

/** Spans over which a counter stood still, as far as samples show. */
export function silences(samples, counter) {
  const found = [];
  let first = samples[0];
  for (const [index, sample] of samples.entries()) {
    if (sample[counter] === first[counter]) continue;
    found.push({ from: first.at, to: samples[index - 1].at });
    first = sample;
  }
  if (samples.length > 0) found.push({ from: first.at, to: samples.at(-1).at });
  return found;
}

function length({ from, to }) {
  return to - from;
}

/** How much of a span lies in the others, which do not overlap. */
function overlap({ from, to }, others) {
  return others.reduce((sum, other) => sum + Math.max(0, Math.min(to, other.to) - Math.max(from, other.from)), 0);
}
