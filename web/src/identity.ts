import type { Connection } from 'openvidu-browser';

/** Who is behind a connection, as it says itself. */
export interface Identity {
  name: string;
  /** The connection only carries the screen of the person with this connection id. */
  screenOf?: string;
}

const LONGEST_NAME = 40;

/** Reads the identity out of a connection's data. Other applications may sit in the room, so anything may be in it. */
export function identityOf(connection: Connection): Identity {
  const clientData = (connection.data ?? '').split('%/%')[0] ?? '';
  const data = parsed(clientData);
  const name = text(data.nickname) ?? text(data.clientData) ?? text(data.name) ?? 'Guest';
  const screenOf = text(data.screenOf);
  return { name: name.slice(0, LONGEST_NAME), ...(screenOf && { screenOf }) };
}

function parsed(clientData: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(clientData);
    return value !== null && typeof value === 'object' ? (value as Record<string, unknown>) : { name: clientData };
  } catch {
    return { name: clientData };
  }
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined;
}
