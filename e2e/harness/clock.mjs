import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { atEnd } from './cleanup.mjs';

const SOURCE = fileURLToPath(new URL('../native/clock.c', import.meta.url));
let library;

/** The environment of a process whose clock is so many seconds ahead, or behind if negative. */
export function clockAhead(seconds) {
  library ??= compiled();
  return { LD_PRELOAD: library, TEST_CLOCK_AHEAD: String(seconds) };
}

function compiled() {
  const directory = mkdtempSync(path.join(tmpdir(), 'muster-clock-'));
  atEnd(() => rmSync(directory, { recursive: true, force: true }));
  const target = path.join(directory, 'clock.so');
  execFileSync('cc', ['-shared', '-fPIC', '-O1', '-o', target, SOURCE]);
  return target;
}
