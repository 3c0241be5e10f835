import { draw } from './controls';
import { element } from './page';

/** How many messages are kept on the page. */
const KEPT = 500;

/** The chat panel and its button. */
export class Chat {
  readonly #panel = element('chat', HTMLElement);
  readonly #toggle = element('chat-toggle', HTMLButtonElement);
  readonly #messages = element('messages', HTMLOListElement);
  readonly #compose = element('compose', HTMLFormElement);
  readonly #input = element('message', HTMLInputElement);
  #unread = 0;

  constructor(send: (text: string) => Promise<void>) {
    this.#toggle.onclick = () => (this.open ? this.#close() : this.#open());
    element('chat-close', HTMLButtonElement).onclick = () => this.#close();
    this.#panel.onkeydown = (event) => {
      if (event.key === 'Escape') this.#close();
    };
    this.#compose.onsubmit = (event) => {
      event.preventDefault();
      void this.#submit(send);
    };
    this.#messages.replaceChildren();
    this.#input.value = '';
    this.#show(false);
  }

  get open(): boolean {
    return !this.#panel.hidden;
  }

  add(name: string, text: string, own: boolean): void {
    const item = document.createElement('li');
    item.classList.toggle('own', own);
    const from = document.createElement('b');
    from.textContent = name;
    const body = document.createElement('span');
    body.textContent = text;
    item.append(from, body);
    this.#append(item);
    if (!this.open) this.#unread += 1;
    this.#draw();
  }

  /** A line about the room itself: somebody came or went. */
  note(text: string): void {
    const item = document.createElement('li');
    item.className = 'note';
    item.textContent = text;
    this.#append(item);
  }

  async #submit(send: (text: string) => Promise<void>): Promise<void> {
    const text = this.#input.value.trim();
    if (text === '') return;
    this.#input.value = '';
    try {
      await send(text);
    } catch {
      this.note('Your message was not sent.');
      this.#input.value ||= text;
    }
  }

  #append(item: HTMLLIElement): void {
    this.#messages.append(item);
    while (this.#messages.childElementCount > KEPT) this.#messages.firstElementChild?.remove();
    this.#messages.scrollTop = this.#messages.scrollHeight;
  }

  #open(): void {
    this.#show(true);
    this.#messages.scrollTop = this.#messages.scrollHeight;
    this.#input.focus();
  }

  #close(): void {
    this.#show(false);
    this.#toggle.focus();
  }

  #show(open: boolean): void {
    this.#panel.hidden = !open;
    this.#toggle.setAttribute('aria-expanded', String(open));
    if (open) this.#unread = 0;
    this.#draw();
  }

  #draw(): void {
    draw(this.#toggle, 'chat', 'Chat');
    if (this.#unread === 0) return;
    const badge = document.createElement('span');
    badge.className = 'badge';
    badge.textContent = String(this.#unread);
    badge.setAttribute('aria-label', `${this.#unread} unread`);
    this.#toggle.append(badge);
  }
}
