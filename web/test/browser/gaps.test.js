/* Make before break, with real media: over rotations with comings and goings no frame is lost for want of a key; and when a
 * sender switches first and hands out its key later, as others do, frames are. */
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {skip, until, withLab} from './lab.js';
import {gapsOf} from './gaps.js';

const DEEP = process.env.KR_DEEP === '1';
const ROTATIONS = 50, STOCK_ROTATIONS = DEEP ? 50 : 12;

/* Ends before n rotations when `enough` of the pages says so. */
async function rotations(lab, n, stock, enough = async () => false) {
  const pages = [];
  for (const name of ['ann', 'bob', 'cy'])
    pages.push(await lab.join(name, {media: {}, config: {stock}}));
  await lab.keyed(pages);
  for (const p of pages)
    await until(`${p.name} decodes the others`, async () =>
      Object.values(await p.decoded()).filter((d) => d.frames > 10).length === 2, 90);
  const first = (await pages[0].state()).epoch;
  let left = null, strangers = 0;
  const epoch = async () => (await pages[0].state()).epoch;
  while (await epoch() < first + n && !await enough(pages)) {
    const before = await epoch();
    if (left === null && before % 5 === 2) { /* cy goes, and listens on with what it has */
      await pages[2].do((kr) => kr.meeting.leave());
      left = pages[2];
      await until('an epoch without cy', async () => await epoch() > before);
      await lab.keyed(pages.slice(0, 2));
    } else if (left !== null && before % 5 === 4) {
      await left.do((kr) => kr.meeting.join());
      left = null;
      await until('an epoch with cy again', async () => await epoch() > before);
      await lab.keyed(pages);
    } else {
      await lab.rotate();
      await until('the next epoch', async () => await epoch() > before);
    }
  }
  await lab.keyed(left === null ? pages : pages.slice(0, 2));
  /* an epoch that a page was not in: whatever of it reached the page must not have opened */
  for (const p of pages) {
    const told = new Set((await p.said('epoch', {phase: 'announced'})).map((e) => String(e.epoch)));
    for (const {opened} of Object.values((await p.counts()).received))
      strangers += Object.entries(opened).reduce((sum, [e, count]) => sum + (told.has(e) ? 0 : count), 0);
  }
  const gaps = [];
  for (const p of pages)
    gaps.push(await gapsOf(p));
  const all = await Promise.all(pages.map((p) => p.counts()));
  const opened = all.flatMap(({received}) => Object.values(received)).flatMap((r) => Object.values(r.opened)).reduce((a, b) => a + b, 0);
  const sealed = all.flatMap((c) => Object.values(c.sealed)).reduce((a, b) => a + b, 0);
  return {gaps, strangers, opened, sealed, rotations: await epoch() - first};
}

test(`${ROTATIONS} rotations with comings and goings: no gap, and nobody hears what is not for it`, {skip},
     withLab({}, async (lab, t) => {
  const r = await rotations(lab, ROTATIONS, false);
  t.diagnostic(`${r.rotations} rotations, ${r.sealed} frames sealed, ${r.opened} opened, gaps ${r.gaps.join(' ')}`);
  const micros = (await Promise.all(lab.pages.map((p) => p.counts()))).map((c) => c.micros);
  for (const m of micros)
    t.diagnostic(`worker: ${(m.seal / m.sealed).toFixed(0)} us to seal a frame, ${(m.open / m.opened).toFixed(0)} us to open one`);
  assert.deepEqual(r.gaps, [0, 0, 0]);
  assert.equal(r.strangers, 0);
  assert.ok(r.opened > 1000);
}));

test(`rotations that switch first and distribute later: gaps`, {skip}, withLab({}, async (lab, t) => {
  /* it is what tells the two apart: the first gaps will do */
  const r = await rotations(lab, STOCK_ROTATIONS, true, async (pages) => !DEEP && (await Promise.all(pages.map(gapsOf))).some((n) => n > 0));
  t.diagnostic(`${r.rotations} rotations, ${r.opened} frames opened, gaps ${r.gaps.join(' ')}`);
  assert.ok(r.gaps.some((n) => n > 0), `gaps ${r.gaps}`);
  assert.equal(r.strangers, 0);
}));
