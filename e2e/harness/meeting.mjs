import { Participant } from './participant.mjs';
import { Server } from './server.mjs';

/** A session on the shared server with its participants; closed when the test ends. */
export class Meeting {
  #people = [];

  constructor(server, session) {
    this.server = server;
    this.rest = server.rest;
    this.session = session;
  }

  /** `context` is the test's; on failure the end of the server's log is added to the report. */
  static async open(context, { properties = {}, server } = {}) {
    const where = await (server ?? Server.shared());
    const meeting = new Meeting(where, await where.rest.session(properties));
    context.after(async () => {
      if (context.passed === false) console.log(where.tail());
      await meeting.close();
    });
    return meeting;
  }

  /** Somebody joins by a browser. */
  async join(browser, options) {
    const participant = await Participant.join(browser, this.rest, this.session, options);
    this.#people.push(participant);
    return participant;
  }

  /** Somebody joins by a browser with a token that was made before. */
  async enter(browser, token) {
    const participant = await Participant.open(browser);
    this.#people.push(participant);
    await participant.connect(token, '');
    return participant;
  }

  /** Somebody joins and publishes. */
  async publisher(browser, { properties, ...options } = {}) {
    const participant = await this.join(browser, options);
    participant.stream = await participant.publish(properties);
    return participant;
  }

  path(rest = '') {
    return `/openvidu/api/sessions/${this.session}${rest}`;
  }

  async close() {
    await Promise.allSettled(this.#people.map((participant) => participant.close()));
    await this.rest.delete(this.path()).catch(() => {});
  }
}
