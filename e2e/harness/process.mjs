import { readdirSync, readFileSync } from 'node:fs';

/** Ids of the processes started by `pid`, by their own children, and so on. */
export function descendants(pid) {
  const children = new Map();
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const parent = parentOf(entry);
    if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), Number(entry)]);
  }
  const found = [];
  const queue = [pid];
  while (queue.length > 0) {
    const own = children.get(queue.shift()) ?? [];
    found.push(...own);
    queue.push(...own);
  }
  return found;
}

/** Whether a process runs; a zombie does not. */
export function alive(pid) {
  const state = stat(pid)?.[0];
  return state !== undefined && state !== 'Z' && state !== 'X';
}

/** The command line of a process, or an empty list. */
export function commandLine(pid) {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').filter(Boolean);
  } catch {
    return [];
  }
}

/** Sends a signal to a process that may be gone already. */
export function signal(pid, name) {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

function parentOf(pid) {
  const fields = stat(pid);
  return fields === undefined ? undefined : Number(fields[1]);
}

/** The fields of /proc/PID/stat after the command's name, which may itself hold spaces and brackets. */
function stat(pid) {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}
