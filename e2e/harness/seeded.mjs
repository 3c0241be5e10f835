/** Numbers that look random and come again with the same seed (mulberry32). */
export class Seeded {
  #state;

  constructor(seed) {
    this.#state = seed >>> 0;
  }

  /** From 0 up to, and not including, `limit`. */
  below(limit) {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit);
  }

  oneOf(values) {
    return values[this.below(values.length)];
  }

  /** The values in an order of its own. */
  shuffled(values) {
    const left = [...values];
    return values.map(() => left.splice(this.below(left.length), 1)[0]);
  }
}
