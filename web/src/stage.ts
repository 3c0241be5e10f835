import { Arrangement } from './arrangement';
import { element } from './page';
import type { Tile } from './tile';

/** The area of tiles: people, and beside or above them whatever screens are shared. */
export class Stage {
  readonly #screens = new Arrangement(element('screens', HTMLElement));
  readonly #persons = new Arrangement(element('persons', HTMLElement));

  add(tile: Tile): void {
    const home = tile.kind === 'screen' ? this.#screens : this.#persons;
    home.region.append(tile.element);
    this.#arrange();
  }

  remove(tile: Tile): void {
    tile.remove();
    this.#arrange();
  }

  close(): void {
    this.#screens.close();
    this.#persons.close();
  }

  #arrange(): void {
    // A region that comes or goes changes the room for the other, so both follow; the first pass shows or hides them.
    for (const arrangement of [this.#screens, this.#persons, this.#screens, this.#persons]) arrangement.arrange();
  }
}
