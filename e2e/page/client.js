// An application on openvidu-browser, driven by the tests through `window.client`. Everything here is what the SDK's
// documentation tells an application to do.

const SMALL_VIDEO = { resolution: '320x240', frameRate: 15, insertMode: 'APPEND', mirror: false };
const SESSION_EVENTS = [
  'connectionCreated', 'connectionDestroyed', 'connectionPropertyChanged', 'exception', 'reconnected', 'reconnecting',
  'sessionDisconnected', 'signal', 'streamCreated', 'streamDestroyed', 'streamPropertyChanged',
];
const PUBLISHER_EVENTS = ['streamCreated', 'streamDestroyed', 'streamPlaying', 'accessDenied'];

class Client {
  events = [];
  subscribers = new Map();

  constructor() {
    this.openvidu = new OpenVidu();
    this.openvidu.enableProdMode();
    this.session = this.openvidu.initSession();
    this.autoSubscribe = true;
    for (const type of SESSION_EVENTS) this.session.on(type, (event) => this.record(type, event));
    this.session.on('streamCreated', (event) => this.autoSubscribe && this.subscribe(event.stream));
    this.session.on('streamDestroyed', (event) => this.subscribers.delete(event.stream.streamId));
  }

  /** `reconnecting` and `reconnected` come without an event. */
  record(type, event = {}) {
    this.events.push({
      type,
      at: Date.now(),
      name: event.name,
      reason: event.reason,
      connection: (event.connection ?? event.stream?.connection)?.connectionId,
      stream: event.stream?.streamId,
      from: event.from?.connectionId,
      kind: event.type,
      data: event.data,
      property: event.changedProperty,
      value: event.newValue,
    });
  }

  advanced(configuration) {
    this.openvidu.setAdvancedConfiguration(configuration);
  }

  async connect(token, data) {
    await this.session.connect(token, data);
    return this.session.connection.connectionId;
  }

  async failsToConnect(token) {
    try {
      await this.session.connect(token);
    } catch (error) {
      return refusal(error);
    }
    return undefined;
  }

  subscribe(stream) {
    const subscriber = this.session.subscribe(stream, document.body, (error) => {
      if (error) this.record('subscribeFailed', { stream, data: String(error.message ?? error) });
    });
    this.subscribers.set(stream.streamId, subscriber);
    subscriber.on('streamPlaying', () => this.record('subscriberPlaying', { stream }));
  }

  subscribeTo(connectionId) {
    const stream = [...this.session.remoteConnections.values()].find((c) => c.connectionId === connectionId)?.stream;
    this.subscribe(stream);
  }

  unsubscribeFrom(connectionId) {
    const subscriber = this.subscriberOf(connectionId);
    this.subscribers.delete(subscriber.stream.streamId);
    return this.session.unsubscribe(subscriber);
  }

  async publish(properties = {}) {
    this.publisher = await this.openvidu.initPublisherAsync(document.body, { ...SMALL_VIDEO, ...properties });
    for (const type of PUBLISHER_EVENTS) this.publisher.on(type, (event) => this.record(`publisher:${type}`, event));
    try {
      await this.session.publish(this.publisher);
    } catch (error) {
      return { error: refusal(error) };
    }
    return { stream: this.publisher.stream.streamId };
  }

  async unpublish() {
    await this.session.unpublish(this.publisher);
  }

  async mute({ audio, video }) {
    if (audio !== undefined) await this.publisher.publishAudio(audio);
    if (video !== undefined) await this.publisher.publishVideo(video);
  }

  signal(signal) {
    return this.session.signal({
      ...signal,
      to: signal.to?.map((id) => this.connectionOf(id)),
    });
  }

  async attempt(method, connectionId) {
    const connection = this.connectionOf(connectionId);
    const target = method === 'forceUnpublish' ? connection.stream : connection;
    try {
      await this.session[method](target);
    } catch (error) {
      return refusal(error);
    }
    return undefined;
  }

  /** Sends a request of the SDK's own and measures its answer, milliseconds. */
  timed(method, params) {
    const start = performance.now();
    return new Promise((resolve, reject) =>
      this.openvidu.sendRequest(method, params, (error) =>
        error ? reject(new Error(error.message)) : resolve(performance.now() - start),
      ),
    );
  }

  disconnect() {
    this.session.disconnect();
  }

  role() {
    return this.session.connection.role;
  }

  people() {
    return [...this.session.remoteConnections.values()].map((connection) => ({
      id: connection.connectionId,
      data: connection.data,
      stream: connection.stream && {
        id: connection.stream.streamId,
        hasAudio: connection.stream.hasAudio,
        hasVideo: connection.stream.hasVideo,
        audioActive: connection.stream.audioActive,
        videoActive: connection.stream.videoActive,
        typeOfVideo: connection.stream.typeOfVideo,
      },
    }));
  }

  connectionOf(id) {
    if (id === this.session.connection.connectionId) return this.session.connection;
    return this.session.remoteConnections.get(id) ?? { connectionId: id, stream: { streamId: id } };
  }

  subscriberOf(connectionId) {
    return [...this.subscribers.values()].find((s) => s.stream.connection.connectionId === connectionId);
  }

  /** What arrives from a connection: counters of the transport, and what the picture looks like. */
  async received(connectionId) {
    const subscriber = this.subscriberOf(connectionId);
    const peer = subscriber?.stream.getRTCPeerConnection();
    if (!peer) return undefined;
    const seen = { framesDecoded: 0, audioEnergy: 0, videoPackets: 0, audioPackets: 0 };
    const stats = await peer.getStats();
    for (const report of stats.values()) {
      if (report.type !== 'inbound-rtp') continue;
      if (report.kind === 'video') {
        seen.framesDecoded += report.framesDecoded ?? 0;
        seen.videoPackets += report.packetsReceived ?? 0;
        seen.videoCodec = stats.get(report.codecId)?.mimeType;
      } else {
        seen.audioEnergy += report.totalAudioEnergy ?? 0;
        seen.audioPackets += report.packetsReceived ?? 0;
      }
    }
    seen.picture = picture(subscriber.videos.at(-1)?.video);
    seen.ice = peer.iceConnectionState;
    seen.connection = peer.connectionState;
    return seen;
  }

  /** Both ends of the selected path of a transport, own or the one that receives, and the relay if it goes by one. */
  async path(connectionId) {
    const own = connectionId === this.session.connection.connectionId;
    const stream = own ? this.publisher.stream : this.subscriberOf(connectionId).stream;
    const stats = await stream.getRTCPeerConnection().getStats();
    const reports = [...stats.values()];
    const selected = reports.find((r) => r.type === 'transport')?.selectedCandidatePairId;
    const pair = stats.get(selected) ?? reports.find((r) => r.type === 'candidate-pair' && r.nominated);
    const local = stats.get(pair.localCandidateId);
    const remote = stats.get(pair.remoteCandidateId);
    return {
      port: local.port, protocol: local.protocol, remotePort: remote.port, remoteAddress: remote.address,
      type: local.candidateType, relayProtocol: local.relayProtocol, server: local.url,
    };
  }

  /** The candidates that this end offers for a transport, by protocol. */
  remoteDescription(connectionId) {
    const own = connectionId === this.session.connection.connectionId;
    const stream = own ? this.publisher.stream : this.subscriberOf(connectionId).stream;
    return stream.getRTCPeerConnection().remoteDescription.sdp;
  }

  /** Begins to note every `step` ms how many frames came from a connection so far, and how many were sent. */
  watch(connectionId, step) {
    this.samples = [];
    const sample = async () => {
      const received = await framesOf(this.subscriberOf(connectionId)?.stream, 'inbound-rtp', 'framesReceived');
      const sent = await framesOf(this.publisher?.stream, 'outbound-rtp', 'framesSent');
      this.samples.push({ at: Date.now(), received, sent });
    };
    this.watching = setInterval(() => void sample(), step);
  }

  /** Ends {@link watch} and returns what was noted. */
  watched() {
    clearInterval(this.watching);
    return this.samples;
  }

  canSend(codec) {
    return RTCRtpSender.getCapabilities('video').codecs.some((c) => c.mimeType.toLowerCase() === `video/${codec}`.toLowerCase());
  }
}

/** A counter of the video that a stream's transport receives or sends. */
async function framesOf(stream, type, counter) {
  const stats = (await stream?.getRTCPeerConnection()?.getStats()) ?? new Map();
  const reports = [...stats.values()].filter((report) => report.type === type && report.kind === 'video');
  return reports.reduce((sum, report) => sum + (report[counter] ?? 0), 0);
}

/** An error of the SDK, which is sometimes an object and sometimes a sentence. */
function refusal(error) {
  return { name: error.name, code: error.code, message: error.message ?? String(error) };
}

/** Mean brightness (0–255) and contrast of a video's present frame. */
function picture(video) {
  if (!video?.videoWidth) return undefined;
  const canvas = document.createElement('canvas');
  canvas.width = 32;
  canvas.height = 24;
  const context = canvas.getContext('2d');
  context.drawImage(video, 0, 0, canvas.width, canvas.height);
  const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
  const levels = [];
  for (let i = 0; i < data.length; i += 4) levels.push((data[i] + data[i + 1] + data[i + 2]) / 3);
  return {
    width: video.videoWidth,
    height: video.videoHeight,
    mean: levels.reduce((sum, level) => sum + level, 0) / levels.length,
    contrast: Math.max(...levels) - Math.min(...levels),
  };
}

window.client = new Client();
