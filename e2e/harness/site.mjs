import { createServer } from 'node:http';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import path from 'node:path';
import { atEnd } from './cleanup.mjs';

const E2E = fileURLToPath(new URL('..', import.meta.url));
let origin;

/** The versions of openvidu-browser that are tried, oldest and newest that are promised. */
export const SDKS = ['2.24.0', '2.32.2'];

/**
 * The address of an application's page that uses the unmodified SDK of this version. With `detour` its WebSocket goes
 * to that port instead of the server's, with `lose` the first message of that method is lost.
 */
export async function pageOf(sdk, { detour = '', lose = '' } = {}) {
  origin ??= serve();
  return `${await origin}/client.html?${new URLSearchParams({ sdk, detour, lose })}`;
}

async function serve() {
  const server = createServer((request, response) => void answer(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  atEnd(() => server.close());
  // "localhost", because capture devices are given to secure contexts only.
  return `http://localhost:${server.address().port}`;
}

async function answer(request, response) {
  const { pathname } = new URL(request.url, 'http://localhost');
  const file = fileOf(pathname);
  if (file === undefined) return void response.writeHead(404).end();
  const type = pathname.endsWith('.html') ? 'text/html' : 'text/javascript';
  response.writeHead(200, { 'Content-Type': `${type}; charset=utf-8` }).end(await readFile(file));
}

function fileOf(pathname) {
  const sdk = SDKS.find((version) => pathname === `/sdk/${version}.js`);
  if (sdk !== undefined) {
    return path.join(E2E, `node_modules/openvidu-browser-${sdk}/static/js/openvidu-browser-${sdk}.min.js`);
  }
  return ['/client.html', '/client.js'].includes(pathname) ? path.join(E2E, 'page', pathname) : undefined;
}
