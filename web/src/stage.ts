import { element } from './page';
import type { Tile } from './tile';

const ASPECT = 16 / 9;
const GAP = 8;

/** The area of tiles. It arranges them so that each is as large as the window allows. */
export class Stage {
  readonly #area = element('stage', HTMLElement);
  readonly #watcher = new ResizeObserver(() => this.#arrange());

  constructor() {
    this.#watcher.observe(this.#area);
  }

  add(tile: Tile): void {
    this.#area.append(tile.element);
    this.#arrange();
  }

  remove(tile: Tile): void {
    tile.remove();
    this.#arrange();
  }

  close(): void {
    this.#watcher.disconnect();
    this.#area.replaceChildren();
  }

  #arrange(): void {
    const count = this.#area.childElementCount;
    if (count === 0) return;
    const columns = bestColumns(count, this.#area.clientWidth, this.#area.clientHeight);
    this.#area.style.setProperty('--columns', String(columns));
    this.#area.style.setProperty('--rows', String(Math.ceil(count / columns)));
  }
}

/** The number of columns at which tiles of 16:9 come out widest. */
function bestColumns(count: number, width: number, height: number): number {
  let best = { columns: 1, tile: 0 };
  for (let columns = 1; columns <= count; columns++) {
    const rows = Math.ceil(count / columns);
    const byWidth = (width - GAP * (columns - 1)) / columns;
    const byHeight = ((height - GAP * (rows - 1)) / rows) * ASPECT;
    const tile = Math.min(byWidth, byHeight);
    if (tile > best.tile) best = { columns, tile };
  }
  return best.columns;
}
