/** What the server accepts as the name of a room. */
const ROOM = /^[A-Za-z0-9_-]{1,64}$/;

/** The room's name as typed, spaces made into hyphens; `undefined` when it cannot be a room's name. */
export function roomName(typed: string): string | undefined {
  const name = typed.trim().replace(/\s+/g, '-');
  return ROOM.test(name) ? name : undefined;
}

/** The room named in the address, as `#room=…`. */
export function roomOfAddress(): string | undefined {
  const room = new URLSearchParams(location.hash.slice(1)).get('room');
  return room === null ? undefined : roomName(room);
}

/** Puts the room into the address, so that reloading or sending the address leads to the same room. */
export function keepInAddress(room: string): void {
  history.replaceState(null, '', `#room=${room}`);
}

/** The address that leads others here. */
export function invitation(room: string): string {
  return `${location.origin}${location.pathname}#room=${room}`;
}
