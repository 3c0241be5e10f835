import { OpenVidu, type Publisher, type Session } from 'openvidu-browser';
import { requestToken } from './token';

/** Whose screen it is, and where it goes. */
export interface ScreenOwner {
  room: string;
  nickname: string;
  connectionId: string;
}

/**
 * A shared screen. A connection carries one stream only, so the screen travels in a second one of the same person,
 * which names the first.
 */
export class SharedScreen {
  private constructor(
    private readonly session: Session,
    readonly publisher: Publisher,
  ) {}

  /** Asks which screen or window to share and sends it. `ended` is called when sharing stops, for whatever reason. */
  static async share(owner: ScreenOwner, ended: () => void): Promise<SharedScreen> {
    const openvidu = new OpenVidu();
    openvidu.enableProdMode();
    const publisher = await openvidu.initPublisherAsync(undefined, {
      videoSource: 'screen',
      audioSource: false,
      publishAudio: false,
      mirror: false,
    });
    const session = openvidu.initSession();
    try {
      const token = await requestToken(owner.room, owner.nickname);
      await session.connect(token, { nickname: owner.nickname, screenOf: owner.connectionId });
      await session.publish(publisher);
    } catch (error) {
      release(publisher);
      session.disconnect();
      throw error;
    }
    const shared = new SharedScreen(session, publisher);
    // The browser's own "stop sharing" button ends the track and tells nobody else.
    publisher.stream.getMediaStream().getVideoTracks()[0]?.addEventListener('ended', () => shared.stop());
    session.once('sessionDisconnected', () => {
      release(publisher);
      ended();
    });
    return shared;
  }

  stop(): void {
    this.session.disconnect();
  }
}

function release(publisher: Publisher): void {
  for (const track of publisher.stream.getMediaStream()?.getTracks() ?? []) track.stop();
}
