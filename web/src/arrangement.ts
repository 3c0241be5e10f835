const GAP = 8;
/** How far from its own shape a picture may be cropped: no taller and no wider than this. */
const TALLEST = 4 / 3;
const WIDEST = 2;

/** A region whose tiles are made as large as it allows, all alike. */
export class Arrangement {
  readonly #watcher = new ResizeObserver(() => this.arrange());

  constructor(readonly region: HTMLElement) {
    this.#watcher.observe(region);
  }

  arrange(): void {
    const { childElementCount: count, clientWidth: width, clientHeight: height } = this.region;
    this.region.hidden = count === 0;
    const tile = largest(count, width, height);
    this.region.style.setProperty('--tile-width', `${Math.floor(tile.width)}px`);
    this.region.style.setProperty('--tile-height', `${Math.floor(tile.height)}px`);
  }

  close(): void {
    this.#watcher.disconnect();
    this.region.replaceChildren();
  }
}

interface Size {
  width: number;
  height: number;
}

/** The largest size at which `count` tiles fit, over all numbers of columns. */
function largest(count: number, width: number, height: number): Size {
  let best: Size = { width: 0, height: 0 };
  for (let columns = 1; columns <= count; columns++) {
    const rows = Math.ceil(count / columns);
    const cell = { width: (width - GAP * (columns - 1)) / columns, height: (height - GAP * (rows - 1)) / rows };
    const tileWidth = Math.min(cell.width, cell.height * WIDEST);
    const tile = { width: tileWidth, height: Math.min(cell.height, tileWidth / TALLEST) };
    if (tile.width * tile.height > best.width * best.height) best = tile;
  }
  return best;
}
