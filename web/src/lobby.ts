import { element, say } from './page';
import { roomName, roomOfAddress } from './room';

/** What somebody enters to join. */
export interface Entry {
  room: string;
  nickname: string;
  audio: boolean;
  video: boolean;
}

const NICKNAME_KEY = 'muster.nickname';

/** The form before the call. */
export class Lobby {
  readonly #view = element('lobby', HTMLElement);
  readonly #form = element('entry', HTMLFormElement);
  readonly #message = element('entry-message', HTMLParagraphElement);
  readonly #room = element('room', HTMLInputElement);
  readonly #nickname = element('nickname', HTMLInputElement);
  readonly #audio = element('wish-audio', HTMLInputElement);
  readonly #video = element('wish-video', HTMLInputElement);
  readonly #join = element('join', HTMLButtonElement);

  constructor(onEntry: (entry: Entry) => Promise<void>) {
    this.#room.value = roomOfAddress() ?? '';
    this.#nickname.value = localStorage.getItem(NICKNAME_KEY) ?? '';
    window.addEventListener('hashchange', () => (this.#room.value = roomOfAddress() ?? this.#room.value));
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault();
      void this.#submit(onEntry);
    });
    this.show('');
  }

  /** Comes back into view, with a sentence about why. */
  show(message: string): void {
    this.#view.hidden = false;
    this.#wait(false);
    say(this.#message, message);
    this.#firstEmpty().focus();
  }

  hide(): void {
    this.#view.hidden = true;
  }

  async #submit(onEntry: (entry: Entry) => Promise<void>): Promise<void> {
    const room = roomName(this.#room.value);
    const nickname = this.#nickname.value.trim();
    this.#mark(this.#room, room === undefined);
    this.#mark(this.#nickname, nickname === '');
    if (room === undefined) return this.#refuse(this.#room, 'Give the room a name of letters, digits, “-” and “_”.');
    if (nickname === '') return this.#refuse(this.#nickname, 'Say under which name the others should see you.');
    localStorage.setItem(NICKNAME_KEY, nickname);
    say(this.#message, '');
    this.#wait(true);
    await onEntry({ room, nickname, audio: this.#audio.checked, video: this.#video.checked });
  }

  #refuse(input: HTMLInputElement, message: string): void {
    say(this.#message, message);
    input.focus();
  }

  #mark(input: HTMLInputElement, wrong: boolean): void {
    input.setAttribute('aria-invalid', String(wrong));
  }

  #wait(waiting: boolean): void {
    this.#join.disabled = waiting;
    this.#join.textContent = waiting ? 'Joining…' : 'Join';
  }

  #firstEmpty(): HTMLElement {
    return [this.#room, this.#nickname].find((input) => input.value === '') ?? this.#join;
  }
}
