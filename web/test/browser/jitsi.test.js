/* The adapter for lib-jitsi-meet, in a stand-in of it, in one room with a page and a participant in C. */
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {skip, until, withLab} from './lab.js';

const seal = (p) => p.do(async (kr) => [...await kr.context.seal(kr.name, new Uint8Array(30).fill(7))]);
const open = (p, from, frame) => p.do((kr, [f, bytes]) => kr.context.open(f, Uint8Array.from(bytes)).then(
  (plain) => (plain === null ? 'no key' : plain.length === 30 ? 'opened' : 'other'), () => 'refused'), [from, frame]);

async function joinJitsi(lab, name) {
  const p = await lab.page(name);
  await p.do((kr, n) => kr.openJitsi(n), name);
  return p;
}

test('keys of Jitsi participants come from the service, receivers first', {skip}, withLab({options: {format: 'jframe'}}, async (lab) => {
  await lab.command('peer zoe');
  const ann = await joinJitsi(lab, 'a0000001'), bob = await joinJitsi(lab, 'b0000002');
  const plain = await lab.join('page', {config: {media: false}});
  const epoch = await lab.keyed([ann, bob, plain], ['zoe']);
  const frame = await seal(ann);
  assert.equal(frame.at(-1), epoch % 16);
  assert.equal(await open(bob, ann.name, frame), 'opened');
  assert.equal(await open(bob, bob.name, frame), 'refused');
  const opened = await plain.do((kr, [n, f]) => kr.meeting.open(n, Uint8Array.from(f)).then(({plain: p}) => p.length, (e) => e.code), [ann.name, frame]);
  assert.equal(opened, 30);
  /* what others seal opens in Jitsi's worker */
  const theirs = await plain.do(async (kr) => [...await kr.meeting.seal(new Uint8Array(30).fill(9))]);
  assert.equal(await open(ann, 'page', theirs), 'opened');

  await ann.do((kr) => { kr.context.calls.length = 0; });
  await lab.rotate();
  await lab.keyed([ann, bob, plain], ['zoe']);
  await until('the own key is in', () => ann.do((kr) => kr.context.calls.some((c) => c.id === kr.name)));
  const calls = await ann.do((kr) => kr.context.calls);
  const own = calls.findIndex((c) => c.id === ann.name);
  for (const other of [bob.name, 'page', 'zoe'])
    assert.ok(calls.slice(0, own).some((c) => c.id === other && c.index === calls[own].index), `${other} before the own key`);
  assert.equal(await open(bob, ann.name, await seal(ann)), 'opened');
}));

test('before there are keys, and when there are none any more, nothing goes out in clear', {skip},
     withLab({options: {format: 'jframe', authorise: 'registered'}}, async (lab) => {
  const ann = await joinJitsi(lab, 'a0000001');
  await until('ann waits', async () => (await ann.state()).waiting);
  const frame = await seal(ann); /* under a key that nobody has */
  assert.equal(frame.length, 30 + 16 + 14);
  assert.notDeepEqual(frame.slice(1, 30), Array(29).fill(7));
  await lab.command(`ctl approve ${(await ann.said('report', {kind: 'attached'}))[0].device}`);
  const bob = await joinJitsi(lab, 'b0000002');
  await until('bob waits', async () => (await bob.state()).waiting);
  await lab.command(`ctl approve ${(await bob.said('report', {kind: 'attached'}))[0].device}`);
  await lab.keyed([ann, bob]);
  assert.equal(await open(bob, ann.name, await seal(ann)), 'opened');
  await lab.command(`ctl revoke ${(await ann.said('report', {kind: 'attached'}))[0].device} --reason test`);
  await until('ann is out', async () => !(await ann.state()).member);
  await lab.keyed([bob]);
  const after = await seal(ann);
  assert.notDeepEqual(after.slice(1, 30), Array(29).fill(7));
  assert.notEqual(await open(bob, ann.name, after), 'opened');
}));
