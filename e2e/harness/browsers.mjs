import puppeteer from 'puppeteer-core';
import { atEnd } from './cleanup.mjs';

const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';
const FIREFOX = process.env.FIREFOX ?? '/usr/bin/firefox-esr';
/** How long the browser may take for one step of the protocol; generous, as the machine may be busy. */
const PROTOCOL_MS = 60_000;

const running = {};

/** Debian's Chromium with a fake camera and a beeping microphone, started once. */
export function chromium() {
  return (running.chromium ??= launchChromium());
}

/** Another Chromium like it, by this executable. */
export function launchChromium({ executablePath = CHROMIUM } = {}) {
  return launch({
    executablePath,
    pipe: true,
    args: [
      '--no-sandbox',
      '--use-fake-ui-for-media-stream',
      '--use-fake-device-for-media-stream=fps=15',
      '--auto-select-desktop-capture-source=Entire screen',
      '--autoplay-policy=no-user-gesture-required',
      '--ignore-certificate-errors',
      '--disable-background-networking',
      '--disable-quic',
      '--disable-background-timer-throttling',
      '--disable-renderer-backgrounding',
      '--disable-backgrounding-occluded-windows',
      '--disable-gpu',
    ],
  });
}

/** Debian's Firefox with fake devices, started once. */
export function firefox() {
  return (running.firefox ??= launchFirefox());
}

/** Another Firefox like it. */
export function launchFirefox(options) {
  return launch({
    browser: 'firefox',
    executablePath: FIREFOX,
    ...options,
    extraPrefsFirefox: {
      'media.navigator.streams.fake': true,
      'media.navigator.permission.disabled': true,
      // Without a permission only the address of the default route is used, which does not reach loopback.
      'permissions.default.camera': 1,
      'permissions.default.microphone': 1,
      'media.autoplay.default': 0,
      'media.peerconnection.ice.loopback': true,
      'media.peerconnection.ice.obfuscate_host_addresses': false,
    },
  });
}

async function launch(options) {
  const browser = await puppeteer.launch({
    headless: true,
    acceptInsecureCerts: true,
    protocolTimeout: PROTOCOL_MS,
    ...options,
  });
  atEnd(() => browser.close());
  return browser;
}
