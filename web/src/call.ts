import {
  type ConnectionEvent,
  type ExceptionEvent,
  ExceptionEventName,
  OpenVidu,
  type Session,
  type SignalEvent,
  type Stream,
  type StreamEvent,
} from 'openvidu-browser';
import { Capture, type Wish } from './capture';
import { Chat } from './chat';
import { Controls } from './controls';
import { explain } from './explanation';
import { identityOf } from './identity';
import type { Entry } from './lobby';
import { Notices } from './notices';
import { People } from './people';
import { watch } from './reporter/watch';
import { SharedScreen } from './screen';
import { requestToken } from './token';

/** One stay in a room, from joining to leaving. */
export class Call {
  readonly #openvidu = new OpenVidu();
  readonly #session: Session;
  readonly #people = new People();
  readonly #notices = new Notices();
  readonly #chat = new Chat((text) => this.#session.signal({ type: 'chat', data: text }));
  readonly #controls = new Controls({
    audio: () => this.#toggle('audio'),
    video: () => this.#toggle('video'),
    screen: () => void this.#toggleScreen(),
    leave: () => this.leave(),
  });
  readonly #capture: Capture;
  #screen: SharedScreen | undefined;
  #unwatch = () => {};
  #busy = false;
  #inside = false;

  /** `ended` is called once, with OpenVidu's name for the reason. */
  constructor(
    private readonly entry: Entry,
    ended: (reason: string) => void,
  ) {
    this.#openvidu.enableProdMode();
    this.#session = this.#openvidu.initSession();
    this.#capture = new Capture(this.#openvidu, this.#session, {
      started: (publisher) => {
        this.#people.show(this.#session.connection, publisher);
        this.#refresh();
      },
      changed: () => this.#refresh(),
      stopped: () => this.#people.clear(this.#session.connection),
      trouble: (error) => this.#notices.notice(explain(error)),
    });
    this.#listen();
    this.#session.once('sessionDisconnected', (event) => {
      this.#close();
      ended(event.reason);
    });
  }

  /** Enters the room. The devices are opened by {@link start}, so that the others are seen at once. */
  async join(): Promise<void> {
    try {
      const token = await requestToken(this.entry.room, this.entry.nickname);
      this.#unwatch = watch(token);
      await this.#session.connect(token, { nickname: this.entry.nickname });
      this.#inside = true;
    } catch (error) {
      this.#close();
      throw error;
    }
  }

  /** Opens what the person wished to join with. */
  async start(): Promise<void> {
    const { audio, video } = this.entry;
    if (audio || video) await this.#occupied(() => this.#capture.send({ audio, video }));
  }

  leave(): void {
    this.#session.disconnect();
  }

  #listen(): void {
    const session = this.#session;
    session.on('connectionCreated', (event) => this.#came(event));
    session.on('connectionDestroyed', (event) => this.#went(event));
    session.on('streamCreated', (event) => this.#subscribe(event));
    session.on('streamDestroyed', (event) => this.#people.clear(event.stream.connection));
    session.on('streamPropertyChanged', (event) => this.#people.refresh(event.stream.connection));
    session.on('signal:chat', (event) => this.#said(event));
    session.on('exception', (event) => this.#interrupted(event));
    session.on('reconnecting', () => this.#notices.banner('Connection lost. Reconnecting…'));
    session.on('reconnected', () => this.#notices.banner(''));
  }

  #came(event: ConnectionEvent): void {
    const connection = event.connection;
    const own = connection.connectionId === this.#session.connection.connectionId;
    const identity = identityOf(connection);
    this.#people.add(connection, identity, own);
    // Those who were here before did not just join.
    if (this.#inside) this.#tell(identity.screenOf ? `${identity.name} shares a screen` : `${identity.name} joined`);
  }

  #went(event: ConnectionEvent): void {
    const identity = identityOf(event.connection);
    this.#people.remove(event.connection);
    this.#tell(identity.screenOf ? `${identity.name} stopped sharing` : `${identity.name} left`);
  }

  #subscribe(event: StreamEvent): void {
    const { stream } = event;
    // The own screen is shown from where it is captured.
    if (identityOf(stream.connection).screenOf === this.#session.connection.connectionId) return;
    const subscriber = this.#session.subscribe(stream, undefined, (error) => {
      if (error) this.#notices.notice(`${identityOf(stream.connection).name} cannot be shown: ${explain(error)}`);
    });
    this.#people.show(stream.connection, subscriber);
  }

  #said(event: SignalEvent): void {
    if (event.from === undefined) return;
    const { name } = identityOf(event.from);
    const own = event.from.connectionId === this.#session.connection.connectionId;
    this.#chat.add(own ? 'You' : name, event.data ?? '', own);
    if (!this.#chat.open) this.#notices.announce(`${name} says: ${event.data ?? ''}`);
  }

  #interrupted(event: ExceptionEvent): void {
    if (event.name === ExceptionEventName.ICE_CONNECTION_DISCONNECTED || event.name === ExceptionEventName.ICE_CONNECTION_FAILED) {
      this.#people.interrupted(event.origin as Stream);
    }
  }

  #tell(text: string): void {
    this.#chat.note(text);
    if (!this.#chat.open) this.#notices.announce(text);
  }

  #toggle(medium: keyof Wish): void {
    const sent = this.#capture.sent;
    void this.#occupied(() => this.#capture.send({ ...sent, [medium]: !sent[medium] }));
  }

  async #toggleScreen(): Promise<void> {
    if (this.#screen !== undefined) return this.#screen.stop();
    await this.#occupied(async () => {
      const { connectionId } = this.#session.connection;
      this.#screen = await SharedScreen.share({ ...this.entry, connectionId }, () => {
        this.#screen = undefined;
        this.#refresh();
      });
      this.#people.showScreen(connectionId, this.#screen.publisher);
    });
  }

  /** Runs one thing at a time; a press of a button while another is under way is ignored. */
  async #occupied(work: () => Promise<void>): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    this.#refresh();
    try {
      await work();
    } catch (error) {
      this.#notices.notice(explain(error));
    } finally {
      this.#busy = false;
      this.#refresh();
    }
  }

  #refresh(): void {
    this.#controls.show({ ...this.#capture.sent, screen: this.#screen !== undefined, busy: this.#busy });
    if (this.#session.connection !== undefined) this.#people.refresh(this.#session.connection);
  }

  #close(): void {
    this.#unwatch();
    this.#screen?.stop();
    this.#people.close();
    this.#notices.close();
  }
}
