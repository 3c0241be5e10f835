// The call page itself, used by two people as people use it.
import assert from 'node:assert/strict';
import { copyFileSync, existsSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { chromium, firefox } from '../harness/browsers.mjs';
import { hueOf, hum, portray } from '../harness/likeness.mjs';
import { Proxy } from '../harness/proxy.mjs';
import { OUT } from '../harness/program.mjs';
import { Server } from '../harness/server.mjs';
import { sleep, until } from '../harness/wait.mjs';

const DESKTOP = { width: 1280, height: 800 };
const PHONE = { width: 390, height: 844, isMobile: true, hasTouch: true };
/** The picture in the README. It is kept as it is; remove the file to have it made again. */
const README_PICTURE = path.join(OUT, '../../docs/call-page.png');

/** A visitor with a name, by keyboard alone. */
async function enter(context, room, nickname, { viewport = DESKTOP, dark = false, devices = true, hue, hums = false, port, engine = chromium } = {}) {
  const server = await Server.shared();
  const browser = await engine();
  const own = await browser.createBrowserContext();
  context.after(() => own.close());
  const page = await own.newPage();
  const errors = [];
  page.on('pageerror', (error) => errors.push(String(error)));
  page.failures = errors;
  await page.setViewport(viewport);
  if (dark) await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: 'dark' }]);
  if (!devices) await page.evaluateOnNewDocument(withoutDevices);
  if (hums) await page.evaluateOnNewDocument(hum);
  if (hue !== undefined) await page.evaluateOnNewDocument(portray, hue);
  await page.goto(`https://localhost:${port ?? server.port}/#room=${room}`);
  await page.waitForSelector('#nickname:focus');
  await page.keyboard.type(nickname);
  await page.keyboard.press('Enter');
  await page.waitForSelector('#call:not([hidden])', { timeout: 15_000 });
  return page;
}

function withoutDevices() {
  navigator.mediaDevices.getUserMedia = () =>
    Promise.reject(new DOMException('Permission denied', 'NotAllowedError'));
}

/** Waits until a tile with this caption shows a picture that is not black and moves. */
function sees(page, caption) {
  return until(
    `a moving picture of ${caption}`,
    () =>
      page.evaluate(async (name) => {
        const tile = [...document.querySelectorAll('.tile')].find((t) => t.querySelector('.name').textContent === name);
        const video = tile?.querySelector('video');
        if (!video?.videoWidth || !tile.classList.contains('pictured')) return false;
        const start = video.currentTime;
        await new Promise((resolve) => setTimeout(resolve, 400));
        return video.currentTime > start;
      }, caption),
    { timeout: 20_000 },
  );
}

function picture(page, name) {
  return page.screenshot({ path: path.join(OUT, `${name}.png`) });
}

test('two people meet on the call page', async (context) => {
  const ada = await enter(context, 'e2e-page', 'Ada Lovelace');
  const bob = await enter(context, 'e2e-page', 'Bob', { viewport: PHONE, dark: true });
  await Promise.all([
    sees(ada, 'Ada Lovelace (you)'), sees(ada, 'Bob'), sees(bob, 'Ada Lovelace'), sees(bob, 'Bob (you)'),
  ]);
  assert.equal(await ada.$eval('#people', (e) => e.textContent), '2 people');

  await bob.click('#chat-toggle');
  await bob.keyboard.type('Hello Ada <b>!</b>');
  await bob.keyboard.press('Enter');
  await ada.waitForSelector('.badge');
  await ada.click('#chat-toggle');
  await ada.waitForSelector('#message:focus');
  await ada.keyboard.type('Hello Bob, I can see you.');
  await ada.keyboard.press('Enter');
  await bob.waitForFunction(() => document.querySelector('#messages').textContent.includes('I can see you'));
  assert.match(await ada.$eval('#messages', (e) => e.textContent), /Hello Ada <b>!<\/b>/);
  await picture(ada, 'call-1280-chat');
  await picture(bob, 'call-390-dark-chat');
  await bob.keyboard.press('Escape');
  await bob.waitForSelector('#chat[hidden]');

  await bob.click('#audio');
  await ada.waitForSelector('.tile[aria-label="Bob, muted"] .mark:not([hidden])');
  assert.equal(await bob.$eval('#audio', (e) => e.textContent), 'Unmute');
  await bob.click('#video');
  await ada.waitForSelector('.tile[aria-label="Bob, muted, no picture"]:not(.pictured)');
  await picture(ada, 'call-1280-muted');
  await bob.click('#video');
  await sees(ada, 'Bob');
  await bob.click('#audio');
  await ada.waitForSelector('.tile[aria-label="Bob"] .mark[hidden]');
  await picture(bob, 'call-390-dark');

  await ada.click('#leave');
  await ada.waitForSelector('#lobby:not([hidden])');
  await bob.waitForFunction(() => document.querySelectorAll('.tile').length === 1);
  assert.deepEqual([...ada.failures, ...bob.failures], []);
});

test('Chromium and Firefox meet on the call page', async (context) => {
  const ada = await enter(context, 'e2e-two-browsers', 'Ada');
  const bob = await enter(context, 'e2e-two-browsers', 'Bob', { engine: firefox });
  await Promise.all([sees(ada, 'Bob'), sees(bob, 'Ada')]);
  await bob.click('#audio');
  await ada.waitForSelector('.tile[aria-label="Bob, muted"]');
  await bob.click('#leave');
  await ada.waitForFunction(() => document.querySelectorAll('.tile').length === 1);
  assert.deepEqual([...ada.failures, ...bob.failures], []);
});

test('whoever speaks is marked, and no longer when muted', async (context) => {
  const ada = await enter(context, 'e2e-speaking', 'Ada');
  const bob = await enter(context, 'e2e-speaking', 'Bob', { hums: true });
  await ada.waitForSelector('.tile[aria-label="Bob"].speaking', { timeout: 15_000 });
  await bob.waitForSelector('.tile.self.speaking');
  await bob.click('#audio');
  await ada.waitForSelector('.tile[aria-label="Bob, muted"]:not(.speaking)');
});

test('a screen is shared and taken back', async (context) => {
  const ada = await enter(context, 'e2e-screen', 'Ada');
  const bob = await enter(context, 'e2e-screen', 'Bob');
  await sees(bob, 'Ada');
  await ada.click('#screen');
  await Promise.all([sees(bob, 'Screen of Ada'), sees(ada, 'Screen of Ada')]);
  assert.equal(await bob.$eval('#people', (e) => e.textContent), '2 people');
  await picture(bob, 'call-1280-screen');
  await ada.click('#screen');
  await bob.waitForFunction(() => document.querySelectorAll('.tile').length === 2);
  assert.deepEqual([...ada.failures, ...bob.failures], []);
});

test('a lost connection is said to be lost until it is back, and the pictures go on', async (context) => {
  const proxy = await Proxy.to((await Server.shared()).port);
  context.after(() => proxy.close());
  const ada = await enter(context, 'e2e-lost', 'Ada', { port: proxy.port });
  const bob = await enter(context, 'e2e-lost', 'Bob');
  await sees(ada, 'Bob');
  proxy.cut();
  await ada.waitForSelector('#banner:not([hidden])');
  assert.match(await ada.$eval('#banner', (e) => e.textContent), /Reconnecting/);
  await picture(ada, 'call-1280-reconnecting');
  await Promise.all([sees(ada, 'Bob'), sees(bob, 'Ada')]);
  proxy.restore();
  await ada.waitForSelector('#banner[hidden]');
  await Promise.all([sees(ada, 'Bob'), sees(bob, 'Ada')]);
  assert.deepEqual([...ada.failures, ...bob.failures], []);
});

test('somebody without a camera is told so in plain words and joins all the same', async (context) => {
  const ada = await enter(context, 'e2e-denied', 'Ada', { devices: false });
  await ada.waitForSelector('#notices p');
  assert.match(await ada.$eval('#notices', (e) => e.textContent), /did not let this page use your camera/);
  const bob = await enter(context, 'e2e-denied', 'Bob');
  await sees(ada, 'Bob');
  await bob.waitForSelector('.tile[aria-label="Ada, muted, no picture"]');
  await picture(ada, 'call-1280-denied');
});

test('the lobby says what is missing, and can be used by keyboard', async (context) => {
  const server = await Server.shared();
  const page = await (await chromium()).newPage();
  context.after(() => page.close());
  await page.setViewport(DESKTOP);
  const origins = new Set();
  page.on('request', (request) => origins.add(new URL(request.url()).origin));
  await page.goto(server.url);
  await page.waitForSelector('#room:focus');
  await picture(page, 'lobby-1280');
  await page.keyboard.type('not/a room');
  await page.keyboard.press('Enter');
  await page.waitForSelector('#room[aria-invalid="true"]:focus');
  assert.match(await page.$eval('#entry-message', (e) => e.textContent), /letters, digits/);
  const order = [];
  for (let i = 0; i < 4; i++) {
    await page.keyboard.press('Tab');
    order.push(await page.evaluate(() => document.activeElement.id));
  }
  assert.deepEqual(order, ['nickname', 'wish-audio', 'wish-video', 'join']);
  assert.deepEqual([...origins], [server.url], 'the page asks nobody but its own server');
  await page.setViewport(PHONE);
  await picture(page, 'lobby-390');
});

test('four people fit, on a desktop and on a phone, each in the own tile', async (context) => {
  const room = 'Monday-meeting';
  const hues = { 'Ada Lovelace': 200, 'Emmy Noether': 20, 'Grace Hopper': 140, 'Alan Turing': 265 };
  const pages = [];
  for (const [name, hue] of Object.entries(hues)) pages.push(await enter(context, room, name, { hue }));
  const [ada] = pages;
  for (const [name, hue] of Object.entries(hues).slice(1)) {
    await sees(ada, name);
    const video = await ada.$(`.tile[aria-label="${name}"] video`);
    await until(`${name} in the own hue of ${hue}`, async () => {
      const seen = await ada.evaluate(hueOf, video);
      if (Math.abs(seen - hue) < 30) return true;
      throw new Error(`a hue of ${seen}`);
    });
  }
  // The senders begin with little and need some seconds to learn that they may send more.
  await sleep(4000);
  await picture(ada, 'call-1280');
  if (!existsSync(README_PICTURE)) copyFileSync(path.join(OUT, 'call-1280.png'), README_PICTURE);
  await ada.setViewport({ width: 390, height: 844 });
  await picture(ada, 'call-390');
  const overflow = await ada.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  assert.ok(overflow <= 0, `the page is ${overflow} px wider than the phone`);
});
