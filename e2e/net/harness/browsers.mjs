import { spawn } from 'node:child_process';
import { once as happening } from 'node:events';
import { chmodSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { atEnd } from '../../harness/cleanup.mjs';
import { launchChromium, launchFirefox } from '../../harness/browsers.mjs';
import { pageOf } from '../../harness/site.mjs';

const DOOR = fileURLToPath(new URL('door.mjs', import.meta.url));
const SITE = '/run/site.sock';
/** From here on upwards. */
const FIREFOX_PORT = 9300;
const running = new Map();

/** The Chromium that runs at a home, started once. It finds the application's page at its own loopback address. */
export function chromiumAt(home) {
  return once(`chromium-${home.name}`, async (name) => {
    await showSite(home);
    return launchChromium({ executablePath: inside(home, name, '"${CHROMIUM:-/usr/bin/chromium}"') });
  });
}

/** The Firefox that runs at a home, started once, likewise. It is driven by a port of its loopback address. */
export function firefoxAt(home) {
  return once(`firefox-${home.name}`, async (name) => {
    await showSite(home);
    const debuggingPort = FIREFOX_PORT + running.size;
    await door(home.host.within, `/run/${name}.sock`, String(debuggingPort));
    await door([], String(debuggingPort), `/run/${name}.sock`);
    return launchFirefox({ executablePath: inside(home, name, '"${FIREFOX:-/usr/bin/firefox-esr}"'), debuggingPort });
  });
}

function once(name, start) {
  if (!running.has(name)) running.set(name, start(name));
  return running.get(name);
}

/** A program of this name that runs another at a home. */
function inside(home, name, program) {
  const file = `/run/${name}`;
  writeFileSync(file, `#!/bin/sh\nexec ${home.host.within.join(' ')} ${program} "$@"\n`);
  chmodSync(file, 0o755);
  return file;
}

/** Has the application's page be where it says it is, for a home too. */
async function showSite(home) {
  const { port } = new URL(await pageOf('2.32.2'));
  await once('site', () => door([], SITE, port));
  await once(`site-${home.name}`, () => door(home.host.within, port, SITE));
}

async function door(within, from, to) {
  const [program, ...args] = [...within, process.execPath, DOOR, from, to];
  const process_ = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  atEnd(() => process_.kill('SIGKILL'));
  await happening(process_.stdout, 'data');
}
