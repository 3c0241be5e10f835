import { OpenViduErrorName } from 'openvidu-browser';

const DEVICE_TROUBLE: Partial<Record<OpenViduErrorName, string>> = {
  [OpenViduErrorName.DEVICE_ACCESS_DENIED]:
    'The browser did not let this page use your camera or microphone. Allow it in the address bar, then switch them on below.',
  [OpenViduErrorName.DEVICE_ALREADY_IN_USE]:
    'Another program is using your camera or microphone. Close it, then switch them on below.',
  [OpenViduErrorName.INPUT_VIDEO_DEVICE_NOT_FOUND]: 'No camera was found.',
  [OpenViduErrorName.INPUT_AUDIO_DEVICE_NOT_FOUND]: 'No microphone was found.',
  [OpenViduErrorName.SCREEN_CAPTURE_DENIED]: 'Your screen is not shared: the browser was told not to.',
  [OpenViduErrorName.SCREEN_SHARING_NOT_SUPPORTED]: 'This browser cannot share a screen.',
  [OpenViduErrorName.OPENVIDU_PERMISSION_DENIED]: 'You may watch this room, but not send into it.',
};

/** What went wrong, in words for the person in front of the screen. */
export function explain(error: unknown): string {
  const { name, message } = error as { name?: OpenViduErrorName; message?: string };
  const known = name === undefined ? undefined : DEVICE_TROUBLE[name];
  return known ?? (message || 'Something went wrong, and the browser did not say what.');
}

const ENDINGS: Record<string, string> = {
  forceDisconnectByUser: 'A moderator removed you from the room.',
  forceDisconnectByServer: 'You were removed from the room.',
  sessionClosedByServer: 'The room was closed.',
  networkDisconnect: 'The connection to the server was lost.',
  nodeCrashed: 'The server that carried this call failed. Join again to continue.',
  mediaServerDisconnect: 'The server that carried this call is gone. Join again to continue.',
  openviduServerStopped: 'The server was stopped.',
};

/** Why the call ended; empty when the person left. */
export function explainEnd(reason: string): string {
  return reason === 'disconnect' ? '' : (ENDINGS[reason] ?? 'The call has ended.');
}
