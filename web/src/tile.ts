import type { Connection, Stream, StreamManager } from 'openvidu-browser';
import { icon } from './icon';
import type { Identity } from './identity';

/** How often a broken transport is looked at until it flows again, milliseconds. */
const RECOVERY_POLL_MS = 500;

export type TileKind = 'person' | 'self' | 'screen';

/** One person, or one shared screen, on the stage. */
export class Tile {
  readonly element: HTMLElement;
  readonly #name: string;
  readonly #video: HTMLVideoElement;
  readonly #state: HTMLElement;
  readonly #mark: HTMLElement;
  #manager: StreamManager | undefined;
  #recovery: number | undefined;

  constructor(
    connection: Connection,
    identity: Identity,
    readonly kind: TileKind,
  ) {
    const template = document.getElementById('tile-template') as HTMLTemplateElement;
    this.element = template.content.firstElementChild!.cloneNode(true) as HTMLElement;
    this.element.dataset.connection = connection.connectionId;
    this.element.classList.add(kind);
    this.#name = caption(identity, kind);
    this.#video = this.#part('video') as HTMLVideoElement;
    this.#state = this.#part('.state');
    this.#mark = this.#part('.mark');
    this.#mark.append(icon('audioOff'));
    this.#part('.name').textContent = this.#name;
    this.#part('.initials').textContent = initials(identity.name);
    this.refresh();
  }

  /** Shows the picture and plays the sound of a stream. */
  show(manager: StreamManager): void {
    this.#manager = manager;
    manager.addVideoElement(this.#video);
    manager.on('streamPlaying', () => this.#say(''));
    manager.on('publisherStartSpeaking', () => this.#speaking(true));
    manager.on('publisherStopSpeaking', () => this.#speaking(false));
    this.#say(manager.remote ? 'Connecting…' : '');
    this.refresh();
  }

  /** The stream ended; the person is still here. */
  clear(): void {
    this.#manager = undefined;
    clearInterval(this.#recovery);
    this.#video.srcObject = null;
    this.#speaking(false);
    this.#say('');
    this.refresh();
  }

  /** Follows what the stream says about itself: muted, without picture. */
  refresh(): void {
    const stream = this.#manager?.stream;
    const audible = stream !== undefined && stream.hasAudio && stream.audioActive;
    const visible = stream !== undefined && stream.hasVideo && stream.videoActive;
    this.element.classList.toggle('pictured', visible);
    this.#mark.hidden = audible || this.kind === 'screen';
    if (!audible) this.#speaking(false);
    const facts = [this.#name, this.#mark.hidden ? '' : 'muted', visible ? '' : 'no picture'].filter(Boolean);
    this.element.setAttribute('aria-label', facts.join(', '));
  }

  /** The way of this stream is interrupted; says so until it flows again. */
  interrupted(stream: Stream): void {
    this.#say(this.#manager?.remote ? 'Picture interrupted, reconnecting…' : 'Others cannot see you, reconnecting…');
    clearInterval(this.#recovery);
    this.#recovery = window.setInterval(() => {
      const state = stream.getRTCPeerConnection()?.iceConnectionState;
      if (state !== 'connected' && state !== 'completed') return;
      clearInterval(this.#recovery);
      this.#say('');
    }, RECOVERY_POLL_MS);
  }

  remove(): void {
    this.clear();
    this.element.remove();
  }

  #speaking(speaking: boolean): void {
    this.element.classList.toggle('speaking', speaking);
  }

  #say(text: string): void {
    this.#state.textContent = text;
    this.#state.hidden = text === '';
  }

  #part(selector: string): HTMLElement {
    return this.element.querySelector(selector) as HTMLElement;
  }
}

function caption(identity: Identity, kind: TileKind): string {
  if (kind === 'screen') return `Screen of ${identity.name}`;
  return kind === 'self' ? `${identity.name} (you)` : identity.name;
}

function initials(name: string): string {
  const words = name.split(/\s+/).filter(Boolean);
  const letters = [words[0], words.length > 1 ? words[words.length - 1] : undefined];
  return letters.map((word) => [...(word ?? '')][0] ?? '').join('').toUpperCase();
}
