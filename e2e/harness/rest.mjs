/** The REST API as an application's server uses it. */
export class Rest {
  constructor(url, secret) {
    this.url = url;
    this.authorization = `Basic ${Buffer.from(`OPENVIDUAPP:${secret}`).toString('base64')}`;
  }

  get(path) {
    return this.send('GET', path);
  }

  post(path, body) {
    return this.send('POST', path, body);
  }

  patch(path, body) {
    return this.send('PATCH', path, body);
  }

  delete(path) {
    return this.send('DELETE', path);
  }

  /** Returns `{status, body}`; the body is parsed when it is JSON. A string is sent as it is. */
  async send(method, path, body) {
    const response = await fetch(this.url + path, {
      method,
      headers: { Authorization: this.authorization, 'Content-Type': 'application/json' },
      body: body === undefined || typeof body === 'string' ? body : JSON.stringify(body),
      signal: AbortSignal.timeout(10_000),
    });
    const text = await response.text();
    return { status: response.status, body: parsed(text) };
  }

  /** Creates a session and returns its id. */
  async session(properties = {}) {
    const { status, body } = await this.post('/openvidu/api/sessions', properties);
    if (status !== 200) throw new Error(`creating a session: status ${status}, ${JSON.stringify(body)}`);
    return body.id;
  }

  /** Creates a connection and returns it, with its token. */
  async connection(session, properties = {}) {
    const { status, body } = await this.post(`/openvidu/api/sessions/${session}/connection`, properties);
    if (status !== 200) throw new Error(`creating a connection: status ${status}, ${JSON.stringify(body)}`);
    return body;
  }
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
