/** Asks the server for a token that admits one person to a room once. */
export async function requestToken(room: string, nickname: string): Promise<string> {
  const response = await ask(room, nickname);
  if (!response.ok) throw new Error(await refusal(response));
  const { token } = (await response.json()) as { token?: unknown };
  if (typeof token !== 'string') throw new Error('The server answered, but sent no token.');
  return token;
}

async function ask(room: string, nickname: string): Promise<Response> {
  try {
    return await fetch('/call/token', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ room, nickname }),
    });
  } catch {
    throw new Error('The server could not be reached. Check your connection and try again.');
  }
}

async function refusal(response: Response): Promise<string> {
  const body: unknown = await response.json().catch(() => undefined);
  const reason = (body as { message?: unknown } | undefined)?.message;
  return typeof reason === 'string' && reason !== ''
    ? `The server refused: ${reason}`
    : `The server refused to open the room (status ${response.status}).`;
}
