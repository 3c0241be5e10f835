import type { Connection, Stream, StreamManager } from 'openvidu-browser';
import type { Identity } from './identity';
import { element } from './page';
import { Stage } from './stage';
import { Tile } from './tile';

/** Everybody in the room, each with a tile. */
export class People {
  readonly #stage = new Stage();
  readonly #count = element('people', HTMLSpanElement);
  readonly #tiles = new Map<string, Tile>();
  /** Connection ids of screens, each with the connection id of its person. */
  readonly #screens = new Map<string, string>();
  #ownScreen: { owner: string; manager: StreamManager } | undefined;

  add(connection: Connection, identity: Identity, own: boolean): void {
    if (this.#tiles.has(connection.connectionId)) return;
    if (identity.screenOf !== undefined) this.#screens.set(connection.connectionId, identity.screenOf);
    const kind = identity.screenOf !== undefined ? 'screen' : own ? 'self' : 'person';
    const tile = new Tile(connection, identity, kind);
    this.#tiles.set(connection.connectionId, tile);
    this.#stage.add(tile);
    this.#tally();
    this.#drawOwnScreen();
  }

  remove(connection: Connection): void {
    const tile = this.#tiles.get(connection.connectionId);
    if (tile === undefined) return;
    this.#tiles.delete(connection.connectionId);
    this.#screens.delete(connection.connectionId);
    this.#stage.remove(tile);
    this.#tally();
  }

  show(connection: Connection, manager: StreamManager): void {
    this.#tiles.get(connection.connectionId)?.show(manager);
  }

  /** Shows the screen that the person with this connection id shares from here. */
  showScreen(owner: string, manager: StreamManager): void {
    this.#ownScreen = { owner, manager };
    this.#drawOwnScreen();
  }

  clear(connection: Connection): void {
    this.#tiles.get(connection?.connectionId)?.clear();
  }

  refresh(connection: Connection): void {
    this.#tiles.get(connection.connectionId)?.refresh();
  }

  interrupted(stream: Stream): void {
    this.#tiles.get(stream.connection.connectionId)?.interrupted(stream);
  }

  close(): void {
    for (const tile of this.#tiles.values()) tile.remove();
    this.#tiles.clear();
    this.#screens.clear();
    this.#stage.close();
  }

  /** The server's word that the screen has joined, and the capture itself, come in either order. */
  #drawOwnScreen(): void {
    const own = this.#ownScreen;
    const connection = [...this.#screens].find(([, owner]) => owner === own?.owner)?.[0];
    if (own === undefined || connection === undefined) return;
    this.#ownScreen = undefined;
    this.#tiles.get(connection)?.show(own.manager);
  }

  #tally(): void {
    const people = this.#tiles.size - this.#screens.size;
    this.#count.textContent = people === 1 ? 'Only you' : `${people} people`;
  }
}
