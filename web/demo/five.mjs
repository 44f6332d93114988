/* Five participants in headless Chromium, for `./demo --web`: they join one after the other, and pictures of what they see are
 * taken. Prints JSON, one object a line; goes on until its input ends.
 *
 *   node five.mjs URL FOLDER */
import {mkdirSync} from 'node:fs';
import {join} from 'node:path';
import {chromium} from 'playwright-core';
import {executablePath} from './chromium.mjs';

const [, , url, folder] = process.argv;
const NAMES = ['Ann', 'Bob', 'Cy', 'Dot', 'Eve'];
const say = (fields) => console.log(JSON.stringify(fields));
if (executablePath === undefined) {
  say({event: 'none', why: 'there is no Chromium here'});
  process.exit(0);
}
const browser = await chromium.launch({
  executablePath, headless: true,
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--autoplay-policy=no-user-gesture-required'],
});
mkdirSync(folder, {recursive: true});

const looks = {
  Ann: {viewport: {width: 1280, height: 800}, colorScheme: 'light'}, Bob: {viewport: {width: 1280, height: 800}, colorScheme: 'dark'},
  Cy: {viewport: {width: 390, height: 844}, colorScheme: 'light'}, Dot: {viewport: {width: 390, height: 844}, colorScheme: 'dark'},
};
const pages = new Map();
for (const name of NAMES) {
  const context = await browser.newContext(looks[name] ?? {viewport: {width: 640, height: 480}});
  const page = await context.newPage();
  page.on('pageerror', (error) => say({event: 'error', name, text: String(error)}));
  page.setDefaultTimeout(120_000);
  await page.goto(`${url}?name=${name}`);
  pages.set(name, page);
  say({event: 'opened', name});
}

/* Everybody holds everybody's key of one epoch, and decodes everybody who has a picture. */
async function seen() {
  const all = [];
  for (const [name, page] of pages)
    all.push(await page.evaluate(async (me) => {
      if (!window.show)
        return null;
      const {meeting, call, relay} = window.show, frames = {};
      for (const [who, {pc}] of call.heard)
        for (const [, s] of await pc.getStats())
          if (s.type === 'inbound-rtp' && s.kind === 'video')
            frames[who] = s.framesDecoded;
      return {name: me, ...meeting.state, members: meeting.members, frames, relayed: Object.fromEntries(relay.heard)};
    }, name));
  return all;
}

const good = (all, members) => all.every((s) => s?.sending && s.epoch === all[0].epoch && s.members.length === members &&
  s.members.every((m) => m.held) && NAMES.filter((n) => n !== s.name).every((n) => s.frames[n] > 15) &&
  Object.values(s.relayed).some((r) => r.opened > 10));

/* They compare a code, and say that it is the same: pictures of what they compare, and of what came of it. */
async function verified(one, other) {
  const click = async (name, text) => pages.get(name).click(`#verifyButtons button:has-text("${text}")`);
  const tile = pages.get(one).locator('.tile', {has: pages.get(one).locator(`.who:text-is("${other}")`)});
  await tile.locator('.verify').click();
  await click(other, 'Compare');
  for (const name of [one, other])
    await pages.get(name).waitForFunction(() => document.querySelectorAll('#emoji li').length === 7);
  await pages.get(one).screenshot({path: join(folder, '1280-compare.png')});
  await pages.get(other).screenshot({path: join(folder, '390-compare.png')});
  await click(one, 'They are the same');
  await click(other, 'They are the same');
  for (const name of [one, other]) {
    await pages.get(name).waitForFunction(() => document.querySelector('#verifyBox').dataset.tone === 'good');
    await click(name, 'Close');
  }
  await pages.get(one).waitForFunction(() => document.querySelector('.badge.state[data-state=verified]'));
  await pages.get(one).screenshot({path: join(folder, '1280-verified.png')});
}

async function shoot() {
  for (const name of Object.keys(looks)) {
    const {viewport, colorScheme} = looks[name];
    await pages.get(name).screenshot({path: join(folder, `${viewport.width}-${colorScheme}.png`)});
  }
  const page = pages.get('Cy');
  await page.click('#code');
  await page.waitForFunction(() => document.querySelectorAll('#codeText span').length === 6);
  await page.screenshot({path: join(folder, '390-code.png')});
  await page.click('#codeBox button');
  await verified('Ann', 'Cy');
  const code = async (name) => {
    const p = pages.get(name);
    return p.evaluate(async () => (await window.show.meeting.roomCode()).code);
  };
  return {ann: await code('Ann'), eve: await code('Eve')};
}

const end = Date.now() + 150_000;
let all;
while (!good(all = await seen(), NAMES.length + 1) && Date.now() < end)
  await new Promise((r) => setTimeout(r, 300));
if (good(all, NAMES.length + 1)) {
  say({event: 'keyed', epoch: all[0].epoch, frames: Object.fromEntries(all.map((s) => [s.name, s.frames])),
       relayed: Object.fromEntries(all.map((s) => [s.name, s.relayed]))});
  say({event: 'shot', folder, codes: await shoot()});
  await pages.get('Eve').click('#leave');
  const leaver = pages.get('Eve');
  pages.delete('Eve');
  NAMES.splice(NAMES.indexOf('Eve'), 1);
  const until = Date.now() + 60_000;
  while (!good(all = await seen(), NAMES.length + 1) && Date.now() < until)
    await new Promise((r) => setTimeout(r, 300));
  await leaver.screenshot({path: join(folder, 'left.png')});
  say({event: 'left', name: 'Eve', keyed: good(all, NAMES.length + 1), epoch: all[0]?.epoch});
} else {
  say({event: 'failed', all});
}
process.stdin.resume();
process.stdin.on('end', async () => {
  await browser.close();
  process.exit(0);
});
