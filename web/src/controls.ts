import { icon, type IconName } from './icon';
import { element } from './page';

/** What the buttons show. */
export interface ControlState {
  audio: boolean;
  video: boolean;
  screen: boolean;
  /** Something the person asked for is still under way. */
  busy: boolean;
}

/** What the buttons do. */
export interface ControlActions {
  audio(): void;
  video(): void;
  screen(): void;
  leave(): void;
}

/** The bar of buttons below the pictures. */
export class Controls {
  readonly #audio = element('audio', HTMLButtonElement);
  readonly #video = element('video', HTMLButtonElement);
  readonly #screen = element('screen', HTMLButtonElement);
  readonly #leave = element('leave', HTMLButtonElement);

  constructor(actions: ControlActions) {
    this.#audio.onclick = () => actions.audio();
    this.#video.onclick = () => actions.video();
    this.#screen.onclick = () => actions.screen();
    this.#leave.onclick = () => actions.leave();
    this.#screen.hidden = !('getDisplayMedia' in (navigator.mediaDevices ?? {}));
    draw(this.#leave, 'leave', 'Leave');
    this.show({ audio: false, video: false, screen: false, busy: false });
  }

  show(state: ControlState): void {
    this.#draw(this.#audio, state.audio, ['audio', 'Mute'], ['audioOff', 'Unmute'], state.busy);
    this.#draw(this.#video, state.video, ['video', 'Stop video'], ['videoOff', 'Start video'], state.busy);
    this.#draw(this.#screen, !state.screen, ['screen', 'Share screen'], ['screenOff', 'Stop sharing'], state.busy);
  }

  #draw(button: HTMLButtonElement, on: boolean, yes: [IconName, string], no: [IconName, string], busy: boolean): void {
    draw(button, ...(on ? yes : no));
    button.classList.toggle('off', !on);
    // Not `disabled`: that would take the keyboard focus away from the button that was just pressed.
    button.setAttribute('aria-disabled', String(busy));
  }
}

/** Gives a button its drawing and its words. */
export function draw(button: HTMLButtonElement, drawing: IconName, words: string): void {
  const label = document.createElement('span');
  label.textContent = words;
  button.replaceChildren(icon(drawing), label);
}
