/**
 * Replaces the camera of a page by a drawn portrait of one colour, so that people can be told apart. Runs in the page,
 * before the page's own scripts; sound still comes from the browser's fake microphone.
 */
export function portray(hue) {
  const { mediaDevices } = navigator;
  const original = mediaDevices.getUserMedia.bind(mediaDevices);
  mediaDevices.getUserMedia = async ({ audio, video }) => {
    const stream = audio ? await original({ audio }) : new MediaStream();
    if (video) stream.addTrack(portrait().getVideoTracks()[0]);
    return stream;
  };

  function portrait() {
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [640, 360];
    const context = canvas.getContext('2d');
    let frame = 0;
    draw(context, frame);
    setInterval(() => draw(context, ++frame), 66);
    return canvas.captureStream(15);
  }

  function draw(context, frame) {
    const sway = Math.sin(frame / 20) * 6;
    const wall = context.createLinearGradient(0, 0, 640, 360);
    wall.addColorStop(0, `hsl(${hue} 45% 78%)`);
    wall.addColorStop(1, `hsl(${hue} 40% 52%)`);
    context.fillStyle = wall;
    context.fillRect(0, 0, 640, 360);
    context.fillStyle = `hsl(${hue} 35% 88% / 70%)`;
    context.fillRect(60, 50, 130, 170);
    context.fillStyle = `hsl(${hue} 50% 26%)`;
    context.beginPath();
    context.ellipse(320 + sway, 400, 170, 150, 0, 0, 2 * Math.PI);
    context.fill();
    context.fillStyle = 'hsl(26 45% 72%)';
    context.fillRect(292 + sway, 220, 56, 60);
    context.beginPath();
    context.ellipse(320 + sway, 165, 68, 84, 0, 0, 2 * Math.PI);
    context.fill();
    context.fillStyle = `hsl(${(hue + 200) % 360} 25% 18%)`;
    context.beginPath();
    context.ellipse(320 + sway, 122, 76, 62, 0, Math.PI, 2 * Math.PI);
    context.fill();
  }
}

/**
 * Replaces the microphone of a page by a tone that never pauses: the beeps of the fake one are too short to count as
 * speech. Runs in the page, before the page's own scripts.
 */
export function hum() {
  const { mediaDevices } = navigator;
  const original = mediaDevices.getUserMedia.bind(mediaDevices);
  mediaDevices.getUserMedia = async ({ audio, video }) => {
    const stream = video ? await original({ video }) : new MediaStream();
    if (audio) stream.addTrack(tone());
    return stream;
  };

  function tone() {
    const context = new AudioContext();
    const [source, sink] = [context.createOscillator(), context.createMediaStreamDestination()];
    source.connect(sink);
    source.start();
    return sink.stream.getAudioTracks()[0];
  }
}

/** The hue, in degrees, that most of a picture has. Runs in the page. */
export function hueOf(video) {
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [8, 8];
  const context = canvas.getContext('2d');
  context.drawImage(video, 0, 0, 8, 8);
  const [red, green, blue] = context.getImageData(7, 0, 1, 1).data;
  const most = Math.max(red, green, blue);
  const span = most - Math.min(red, green, blue);
  if (span === 0) return undefined;
  const sector = most === red ? (green - blue) / span : most === green ? 2 + (blue - red) / span : 4 + (red - green) / span;
  return (sector * 60 + 360) % 360;
}
