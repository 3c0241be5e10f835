import { type OpenVidu, OpenViduErrorName, type Publisher, type PublisherProperties, type Session } from 'openvidu-browser';

/** Which of the person's own media the others should get. */
export interface Wish {
  audio: boolean;
  video: boolean;
}

/** What happens to the person's own stream. */
export interface CaptureEvents {
  /** A new publisher is there to be shown. */
  started(publisher: Publisher): void;
  /** Muted or unmuted. */
  changed(): void;
  /** No stream any more. */
  stopped(): void;
  /** The device could not be had; the call goes on without it. */
  trouble(error: unknown): void;
}

/**
 * The person's camera and microphone in the call. A device is opened when it is first wanted, and the camera is
 * let go when its picture is stopped, so that its lamp tells the truth.
 */
export class Capture {
  #publisher: Publisher | undefined;

  constructor(
    private readonly openvidu: OpenVidu,
    private readonly session: Session,
    private readonly events: CaptureEvents,
  ) {}

  /** What the others get at the moment. */
  get sent(): Wish {
    const stream = this.#publisher?.stream;
    return {
      audio: stream !== undefined && stream.hasAudio && stream.audioActive,
      video: stream !== undefined && stream.hasVideo && stream.videoActive,
    };
  }

  /** Makes `wish` true as far as the devices allow. */
  async send(wish: Wish): Promise<void> {
    const stream = this.#publisher?.stream;
    const lacking = (wish.audio && !stream?.hasAudio) || (wish.video && !stream?.hasVideo);
    try {
      await (lacking ? this.#republish(wish) : this.#mute(wish));
    } catch (error) {
      this.events.trouble(error);
    }
    this.events.changed();
  }

  /** The server or a moderator ended the stream, or the call is over. */
  forget(): void {
    this.#publisher = undefined;
    this.events.stopped();
  }

  async #mute(wish: Wish): Promise<void> {
    const { audio, video } = this.sent;
    if (wish.audio !== audio) this.#publisher?.publishAudio(wish.audio);
    if (wish.video !== video) await this.#publisher?.publishVideo(wish.video, true);
  }

  async #republish(wish: Wish): Promise<void> {
    const next = await this.#open(wish);
    if (next === undefined) return;
    if (this.#publisher !== undefined) await this.session.unpublish(this.#publisher);
    this.#publisher = next;
    next.once('streamDestroyed', () => this.#publisher === next && this.forget());
    next.on('streamPropertyChanged', () => this.events.changed());
    this.events.started(next);
    try {
      await this.session.publish(next);
    } catch (error) {
      this.forget();
      throw error;
    }
  }

  /** Opens what is wished, or what of it can be had. */
  async #open(wish: Wish): Promise<Publisher | undefined> {
    try {
      return await this.openvidu.initPublisherAsync(undefined, properties(wish));
    } catch (error) {
      this.events.trouble(error);
      const rest = await remainder(wish, (error as { name?: OpenViduErrorName }).name);
      return rest === undefined ? undefined : this.#open(rest);
    }
  }
}

function properties(wish: Wish): PublisherProperties {
  // `undefined` is the default device, `false` is none.
  return {
    audioSource: wish.audio ? (undefined as unknown as string) : false,
    videoSource: wish.video ? (undefined as unknown as string) : false,
    publishAudio: wish.audio,
    publishVideo: wish.video,
    resolution: '640x360',
    frameRate: 25,
  };
}

/** What is left to try after a device failed. */
async function remainder(wish: Wish, failure: OpenViduErrorName | undefined): Promise<Wish | undefined> {
  if (!wish.audio || !wish.video) return undefined;
  switch (failure) {
    case OpenViduErrorName.INPUT_AUDIO_DEVICE_NOT_FOUND:
      return { audio: false, video: true };
    case OpenViduErrorName.INPUT_VIDEO_DEVICE_NOT_FOUND:
    case OpenViduErrorName.DEVICE_ALREADY_IN_USE:
      return { audio: true, video: false };
    case OpenViduErrorName.DEVICE_ACCESS_DENIED:
      return (await allowed('microphone')) ? { audio: true, video: false } : undefined;
    default:
      return undefined;
  }
}

/** Whether a device may be used without asking the person once more. */
async function allowed(device: 'microphone' | 'camera'): Promise<boolean> {
  try {
    const permission = await navigator.permissions.query({ name: device as PermissionName });
    return permission.state === 'granted';
  } catch {
    return false;
  }
}
