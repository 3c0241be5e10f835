import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { atEnd } from '../../harness/cleanup.mjs';
import { launchChromium } from '../../harness/browsers.mjs';
import { pageOf } from '../../harness/site.mjs';

const DOOR = fileURLToPath(new URL('door.mjs', import.meta.url));
const SITE = '/run/site.sock';
const running = new Map();
let site;

/** The Chromium that runs at a home, started once. It finds the application's page at its own loopback address. */
export function chromiumAt(home) {
  if (!running.has(home.name)) running.set(home.name, start(home));
  return running.get(home.name);
}

async function start(home) {
  const { port } = new URL(await pageOf('2.32.2'));
  await (site ??= door([], SITE, port));
  await door(home.host.within, port, SITE);
  const executablePath = `/run/chromium-${home.name}`;
  writeFileSync(executablePath, `#!/bin/sh\nexec ${home.host.within.join(' ')} "\${CHROMIUM:-/usr/bin/chromium}" "$@"\n`);
  chmodSync(executablePath, 0o755);
  return launchChromium({ executablePath });
}

async function door(within, from, to) {
  const [program, ...args] = [...within, process.execPath, DOOR, from, to];
  const process_ = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  atEnd(() => process_.kill('SIGKILL'));
  await once(process_.stdout, 'data');
}
