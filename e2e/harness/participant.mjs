import assert from 'node:assert/strict';
import { pageOf } from './site.mjs';
import { until } from './wait.mjs';

/** Somebody in a session: a tab of a real browser with the real SDK in it. */
export class Participant {
  constructor(page) {
    this.page = page;
  }

  /** Opens a tab with this version of the SDK. */
  static async open(browser, { sdk = '2.32.2', detour, lose } = {}) {
    const page = await (await browser).newPage();
    const participant = new Participant(page);
    participant.console = [];
    page.on('pageerror', (error) => participant.console.push(String(error)));
    page.on('console', (message) => participant.console.push(message.text()));
    await page.goto(await pageOf(sdk, { detour, lose }));
    await page.waitForFunction(() => window.client !== undefined, { polling: 50 });
    return participant;
  }

  /** Opens a tab and joins a session with a new connection. */
  static async join(browser, rest, session, { sdk, role = 'PUBLISHER', data = '', detour, lose } = {}) {
    const participant = await Participant.open(browser, { sdk, detour, lose });
    const connection = await rest.connection(session, { role });
    await participant.connect(connection.token, data);
    return participant;
  }

  /** Calls a method of the page's client. */
  call(method, ...args) {
    return this.page.evaluate((name, values) => window.client[name](...values), method, args);
  }

  async connect(token, data) {
    this.id = await this.call('connect', token, data);
  }

  /** Publishes and returns the id of the stream. */
  async publish(properties) {
    const { stream, error } = await this.call('publish', properties);
    assert.equal(error, undefined, `publishing failed: ${JSON.stringify(error)}`);
    return stream;
  }

  events() {
    return this.page.evaluate(() => window.client.events);
  }

  /** Waits for an event of the session with these members, and returns it. */
  async hears(type, members = {}, options) {
    const matches = (event) =>
      event.type === type && Object.entries(members).every(([key, value]) => event[key] === value);
    return until(
      `${type} ${JSON.stringify(members)} at ${this.id}`,
      async () => {
        const events = await this.events();
        const found = events.find(matches);
        if (found) return found;
        throw new Error(`events: ${JSON.stringify(events.map(brief))}`);
      },
      options,
    );
  }

  async heard(type, members = {}) {
    const events = await this.events();
    return events.filter(
      (event) => event.type === type && Object.entries(members).every(([key, value]) => event[key] === value),
    );
  }

  received(other) {
    return this.call('received', other.id);
  }

  /** Waits until the other's picture advances and is not black. */
  async seesVideoOf(other, { frames = 8, timeout = 20_000 } = {}) {
    const start = await until(`a transport from ${other.id}`, () => this.received(other), { timeout });
    await until(
      `the picture of ${other.id} to advance at ${this.id}`,
      async () => {
        const now = await this.received(other);
        // After a repair the counters belong to a new transport and begin at zero.
        const advanced = now.framesDecoded - (now.framesDecoded < start.framesDecoded ? 0 : start.framesDecoded);
        if (advanced >= frames && now.picture?.mean > 8 && now.picture.contrast > 24) return true;
        throw new Error(JSON.stringify({ start, now }));
      },
      { timeout },
    );
  }

  /** Waits until the other's sound arrives and is not silence. */
  async hearsAudioOf(other, { timeout = 20_000 } = {}) {
    const start = await until(`a transport from ${other.id}`, () => this.received(other), { timeout });
    await until(
      `the sound of ${other.id} at ${this.id}`,
      async () => {
        const now = await this.received(other);
        if (now.audioEnergy - start.audioEnergy > 1e-5) return true;
        throw new Error(JSON.stringify({ start, now }));
      },
      { timeout },
    );
  }

  async seesAndHears(other, options) {
    await Promise.all([this.seesVideoOf(other, options), this.hearsAudioOf(other, options)]);
  }

  /** How many frames of the other are decoded within a time. */
  async framesWithin(other, milliseconds) {
    const before = await this.received(other);
    await new Promise((resolve) => setTimeout(resolve, milliseconds));
    const after = await this.received(other);
    return after.framesDecoded - before.framesDecoded;
  }

  async leave() {
    await this.call('disconnect');
  }

  async close() {
    await this.page.close();
  }
}

function brief({ type, reason, connection, name }) {
  return [type, name, connection, reason].filter(Boolean).join(' ');
}
