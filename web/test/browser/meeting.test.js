/* Pages in one meeting: over WebSocket, BOSH and a connection handed in; five of them, and a participant in C. */
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {gapsOf} from './gaps.js';
import {skip, until, withLab} from './lab.js';

const sees = (me, other, frames = 30) => until(`${me.name} sees and hears ${other}`, async () => {
  const d = (await me.decoded())[other];
  return d?.frames > frames && d.samples - d.concealed > 24000;
}, 90);

test('two pages see and hear each other, however they reach the server', {skip}, withLab({}, async (lab) => {
  const ann = await lab.join('ann', {media: {}}), bob = await lab.join('bob', {media: {}, config: {transport: {bosh: true}}});
  const cy = await lab.join('cy', {config: {transport: {handedIn: true}, media: false}});
  await lab.keyed([ann, bob, cy]);
  await sees(ann, 'bob');
  await sees(bob, 'ann');
  for (const p of [ann, bob])
    assert.equal(await gapsOf(p), 0);
}));

test('five pages and a participant in C', {skip}, withLab({}, async (lab) => {
  await lab.command('peer zoe');
  const pages = [];
  for (const name of ['ann', 'bob', 'cy', 'dot', 'eve'])
    pages.push(await lab.join(name, {media: {}}));
  const epoch = await lab.keyed(pages, ['zoe']);
  for (const p of pages)
    await p.do((kr) => kr.startRelay());
  for (const p of pages)
    for (const other of pages.filter((x) => x !== p))
      await sees(p, other.name, 10);
  for (const p of pages)
    await until(`${p.name} opens frames of zoe`, () => p.do((kr) => kr.relay.heard.get('zoe')?.opened > 10));
  await until('zoe opens frames of all five', () => pages.every((p) => lab.events.some(
    (e) => e.peer === 'zoe' && e.event === 'first-frame' && e.from === p.name && e.epoch >= epoch)));
  const codes = await Promise.all(pages.map((p) => p.do((kr) => kr.meeting.roomCode())));
  assert.equal(new Set(codes.map((c) => c.code)).size, 1);
  assert.equal(codes[0].devices, 6);
  for (const p of pages)
    assert.equal(await gapsOf(p), 0, p.name);
}));
