/** What the server is told of one peer connection; `IceReport` of its API. */
interface Report {
  token: string;
  ufrag: string;
  browser: {
    gathered: Record<string, number>;
    errors: { url: string; code: number; text: string }[];
    selected?: string;
    protocol?: string;
    iceState: string;
    connectionState: string;
    framesDecoded?: number;
    network: string;
  };
}

type Errors = Report['browser']['errors'];

/** Reports of one peer connection, at most: the server keeps the last. */
const MOST = 6;
/** Errors kept of one peer connection. */
const ERRORS = 16;
/** A connection that works is told of when its counters say something. */
const SETTLED_MS = 4000;
/** One that is not connected after this is told of. */
const LATE_MS = 8000;

const TYPES: Record<string, string> = {
  host: 'host',
  srflx: 'serverReflexive',
  prflx: 'peerReflexive',
  relay: 'relayed',
};

/**
 * Tells the server that the token leads to what the browser alone knows of its peer connections from now on: candidates
 * that could not be gathered and why, and which pair is used. Nothing depends on it: what fails here is forgotten.
 * Returns what ends it.
 */
export function watch(token: string): () => void {
  const endpoint = reports(token);
  const Native = globalThis.RTCPeerConnection;
  if (endpoint === undefined || Native === undefined) return () => {};
  let over = false;
  class Watched extends Native {
    constructor(configuration?: RTCConfiguration) {
      super(configuration);
      if (!over) observe(this, (report) => send(endpoint!, { token, ...report }));
    }
  }
  globalThis.RTCPeerConnection = Watched;
  return () => {
    over = true;
    if (globalThis.RTCPeerConnection === Watched) globalThis.RTCPeerConnection = Native;
  };
}

/** `https://HOST[:PORT]/…` of `wss://HOST[:PORT]?sessionId=…&token=…`. */
function reports(token: string): string | undefined {
  try {
    const { host } = new URL(token);
    return host === '' ? undefined : `https://${host}/muster/api/v1/ice/reports`;
  } catch {
    return undefined;
  }
}

function observe(connection: RTCPeerConnection, tell: (report: Omit<Report, 'token'>) => void): void {
  const errors: Errors = [];
  let left = MOST;
  const report = async () => {
    const ufrag = fragment(connection);
    if (ufrag === undefined || left === 0) return;
    left -= 1;
    tell({ ufrag, browser: await known(connection, errors) });
  };
  const later = (span: number) => setTimeout(() => void report().catch(() => {}), span);
  connection.addEventListener('icecandidateerror', ({ url, errorCode, errorText }) => {
    if (errors.length < ERRORS) errors.push({ url: String(url).slice(0, 250), code: errorCode, text: String(errorText).slice(0, 250) });
  });
  let late: ReturnType<typeof setTimeout> | undefined;
  connection.addEventListener('iceconnectionstatechange', () => {
    switch (connection.iceConnectionState) {
      case 'checking':
        late ??= later(LATE_MS);
        break;
      case 'connected':
        clearTimeout(late);
        later(SETTLED_MS);
        break;
      case 'disconnected':
      case 'failed':
        later(0);
        break;
    }
  });
}

/** By which the server knows the transport. */
function fragment(connection: RTCPeerConnection): string | undefined {
  return /^a=ice-ufrag:(\S+)/m.exec(connection.remoteDescription?.sdp ?? '')?.[1];
}

async function known(connection: RTCPeerConnection, errors: Errors): Promise<Report['browser']> {
  const browser: Report['browser'] = {
    gathered: {},
    errors,
    iceState: connection.iceConnectionState,
    connectionState: connection.connectionState,
    network: String((navigator as { connection?: { type?: string } }).connection?.type ?? ''),
  };
  const stats = await connection.getStats();
  let pair: string | undefined;
  stats.forEach((entry) => {
    if (entry.type === 'local-candidate') {
      const type = TYPES[entry.candidateType];
      if (type !== undefined) browser.gathered[type] = (browser.gathered[type] ?? 0) + 1;
    } else if (entry.type === 'transport') {
      pair = entry.selectedCandidatePairId ?? pair;
    } else if (entry.type === 'candidate-pair' && entry.nominated && entry.state === 'succeeded') {
      pair ??= entry.id;
    } else if (entry.type === 'inbound-rtp' && entry.kind === 'video') {
      browser.framesDecoded = (browser.framesDecoded ?? 0) + (entry.framesDecoded ?? 0);
    }
  });
  const local = pair && stats.get(stats.get(pair)?.localCandidateId);
  if (local) {
    const type = TYPES[local.candidateType];
    if (type !== undefined) browser.selected = type;
    browser.protocol = local.relayProtocol ?? local.protocol;
  }
  return browser;
}

/** Text, so that no server has to be asked whether it may be sent; and even when the page is on its way out. */
function send(endpoint: string, report: Report): void {
  void fetch(endpoint, { method: 'POST', body: JSON.stringify(report), keepalive: true, credentials: 'omit' }).catch(() => {});
}
