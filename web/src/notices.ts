import { element, say } from './page';

/** How long a notice stays, milliseconds. */
const NOTICE_MS = 8000;

/** What the page tells the person: a banner while something lasts, notices that go by, words for screen readers. */
export class Notices {
  readonly #banner = element('banner', HTMLParagraphElement);
  readonly #list = element('notices', HTMLDivElement);
  readonly #announcements = element('announcements', HTMLParagraphElement);

  /** Shows a lasting condition; an empty text ends it. */
  banner(text: string): void {
    say(this.#banner, text);
  }

  /** Shows a sentence for some seconds and has it read out. */
  notice(text: string): void {
    if ([...this.#list.children].some((shown) => shown.textContent === text)) return;
    const note = document.createElement('p');
    note.textContent = text;
    note.role = 'alert';
    this.#list.append(note);
    setTimeout(() => note.remove(), NOTICE_MS);
  }

  /** Has a sentence read out without showing it. */
  announce(text: string): void {
    this.#announcements.textContent = text;
  }

  close(): void {
    this.banner('');
    this.#list.replaceChildren();
  }
}
