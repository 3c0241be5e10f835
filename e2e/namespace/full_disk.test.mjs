// The disk under the store is full: calls go on, the master says what is wrong, and writes when there is room again.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { chromium } from '../harness/browsers.mjs';
import { atEnd } from '../harness/cleanup.mjs';
import { Meeting } from '../harness/meeting.mjs';
import { NAMESPACE_HOST, Server } from '../harness/server.mjs';
import { until } from '../harness/wait.mjs';

test('a full disk stops no call, and what happened meanwhile outlives the master all the same', async (context) => {
  const disk = smallDisk();
  const server = await Server.start({ host: NAMESPACE_HOST, dataDir: path.join(disk, 'data') });
  const meeting = await Meeting.open(context, { server });
  const ada = await meeting.publisher(chromium());

  const ballast = path.join(disk, 'ballast');
  fill(ballast);
  const bob = await meeting.publisher(chromium());
  await Promise.all([ada.seesAndHears(bob), bob.seesAndHears(ada)]);
  await bob.call('signal', { type: 'chat', data: 'no room left' });
  await ada.hears('signal', { data: 'no room left' });
  await until('the log to say what is wrong', () => /the store does not write: .*full/.test(server.tail(400)));

  rmSync(ballast);
  await until('the store to be well', () => /the store writes again/.test(server.tail(400)), { timeout: 30_000 });
  await server.killMaster();
  await server.run();
  await Promise.all([ada, bob].map((person) => person.hears('reconnected', {}, { timeout: 20_000 })));
  const { body } = await meeting.rest.get(meeting.path());
  assert.deepEqual(body.connections.content.map(({ connectionId }) => connectionId).toSorted(), [ada.id, bob.id].toSorted());
});

/** A directory on a file system of its own, of 2 MiB. Mounts of a namespace go with it. */
function smallDisk() {
  const directory = mkdtempSync(path.join(tmpdir(), 'muster-disk-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'muster', directory]);
  atEnd(() => execFileSync('umount', ['--lazy', directory]));
  return directory;
}

/** Writes until there is no room. */
function fill(file) {
  const zeros = Buffer.alloc(4096);
  try {
    for (;;) writeFileSync(file, zeros, { flag: 'a' });
  } catch (error) {
    assert.equal(error.code, 'ENOSPC');
  }
}
