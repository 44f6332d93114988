/* Frames of a meeting: by epoch and sender, dropped without a key, once only (docs/protocol.md 5.8, 5.9). */
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {FrameKeys} from '../keyroom/frame/keys.js';
import {readTrailer} from '../keyroom/frame/jframe.js';
import {readHeader} from '../keyroom/frame/sframe.js';
import {ReplayWindow} from '../keyroom/frame/window.js';
import {concat} from '../keyroom/protocol/bytes.js';
import './vectors.js';

const code = (name) => ({name: 'KeyroomError', code: name});
const participants = ['ann', 'bob', 'cy'];
const secret = (n) => new Uint8Array(32).fill(n);
const plain = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12);

/* One who holds epoch 7, and sends in it. */
function holder(me, {id = 1, epoch = 7, format = 'sframe', suite = 4, keys = [0, 1, 2], seed = 0} = {}) {
  const k = new FrameKeys();
  add(k, me, {id, epoch, format, suite, keys, seed});
  k.apply({op: 'send', id});
  return k;
}

function add(k, me, {id, epoch, format = 'sframe', suite = 4, keys = [0, 1, 2], seed = 0}) {
  k.apply({op: 'epoch', id, epoch, format, suite, attach: '0badcafe'.repeat(4), participants, me});
  for (const index of keys)
    k.apply({op: 'key', id, index, baseKey: secret(seed + epoch + index)});
}

for (const [format, suite] of [['sframe', 1], ['sframe', 2], ['sframe', 3], ['sframe', 4], ['sframe', 5], ['jframe', 0]]) {
  test(`one seals and the others open: ${format} ${suite}`, async () => {
    const ann = holder(0, {format, suite}), bob = holder(1, {format, suite});
    for (const kind of ['audio', 'key', 'delta'])
      assert.deepEqual(await bob.open('ann', await ann.seal(plain, kind), kind), {plain, epoch: 7});
    assert.equal(ann.sending.counter, 3n);
    assert.deepEqual((await ann.open('bob', await bob.seal(plain))).plain, plain);
    const other = holder(1, {format, suite, seed: 9});
    await assert.rejects(other.open('ann', await ann.seal(plain)), code('bad-frame'));
  });
}

test('no key, no frame', async () => {
  const k = new FrameKeys();
  await assert.rejects(k.seal(plain), code('no-key'));
  assert.equal(k.sending, null);
  add(k, 0, {id: 1, epoch: 7, keys: [1, 2]});
  k.apply({op: 'send', id: 1});
  assert.equal(k.sending, null);
  await assert.rejects(k.seal(plain), code('no-key'));
  k.apply({op: 'key', id: 1, index: 0, baseKey: secret(7)});
  const bob = holder(1, {keys: [1]});
  await assert.rejects(bob.open('ann', await k.seal(plain)), code('no-key'));
  k.apply({op: 'send', id: null});
  await assert.rejects(k.seal(plain), code('no-key'));
  k.apply({op: 'send', id: 1});
  k.apply({op: 'erase', id: 1});
  await assert.rejects(k.seal(plain), code('no-key'));
  assert.throws(() => k.apply({op: 'send', id: 1}), code('bad-state'));
});

test('counters rise by one over all streams, also when frames are sealed at once', async () => {
  const ann = holder(0), bob = holder(1);
  const frames = await Promise.all([...Array(50)].map(() => ann.seal(plain)));
  assert.deepEqual(frames.map((f) => Number(readHeader(f).ctr)), [...Array(50).keys()]);
  for (const f of frames.reverse())
    await bob.open('ann', f);
  const j = holder(0, {format: 'jframe', suite: 0});
  const ivs = await Promise.all([...Array(5)].map(async () => readTrailer('audio', await j.seal(plain)).iv));
  assert.deepEqual(ivs, [...Array(5).keys()].map((counter) => ({ssrc: 0x0badcafe, timestamp: 0, counter})));
});

test('a frame is opened once', async () => {
  const ann = holder(0), bob = holder(1);
  const frame = await ann.seal(plain);
  const both = await Promise.allSettled([bob.open('ann', frame), bob.open('ann', frame)]);
  assert.deepEqual(both.map((r) => r.status).sort(), ['fulfilled', 'rejected']);
  assert.equal(both.find((r) => r.status === 'rejected').reason.code, 'replay');
  await assert.rejects(bob.open('ann', frame), code('replay'));
  const forged = await ann.seal(plain);
  forged[forged.length - 1] ^= 1;
  await assert.rejects(bob.open('ann', forged), code('bad-frame'));
  forged[forged.length - 1] ^= 1;
  await bob.open('ann', forged); /* the forgery has moved nothing */
});

test('a frame is its track\'s', async () => {
  const ann = holder(0), bob = holder(1);
  await assert.rejects(bob.open('cy', await ann.seal(plain)), code('wrong-sender'));
  await assert.rejects(bob.open('dan', await ann.seal(plain)), code('wrong-sender'));
  const j = holder(0, {format: 'jframe', suite: 0}), k = holder(1, {format: 'jframe', suite: 0});
  await assert.rejects(k.open('cy', await j.seal(plain)), code('bad-frame'));
  await assert.rejects(k.open('dan', await j.seal(plain)), code('no-key'));
});

test('make before break: both epochs open, until the old one is erased', async () => {
  const ann = holder(0), bob = holder(1);
  const old = [await ann.seal(plain), await ann.seal(plain)];
  for (const [k, me] of [[ann, 0], [bob, 1]])
    add(k, me, {id: 2, epoch: 8});
  assert.equal(ann.sending.epoch, 7);
  ann.apply({op: 'send', id: 2});
  assert.equal((await bob.open('ann', await ann.seal(plain))).epoch, 8);
  assert.equal((await bob.open('ann', old[0])).epoch, 7);
  bob.apply({op: 'erase', id: 1});
  await assert.rejects(bob.open('ann', old[1]), code('no-key'));
});

test('two instances with an epoch of one number: the newer is tried first, the older still opens', async () => {
  const ann = holder(0), bob = holder(1), newer = holder(0, {seed: 50});
  add(bob, 1, {id: 2, epoch: 7, seed: 50});
  assert.deepEqual((await bob.open('ann', await newer.seal(plain))).plain, plain);
  assert.deepEqual((await bob.open('ann', await ann.seal(plain))).plain, plain);
});

test('the format may change with an epoch', async () => {
  const j = holder(0, {format: 'jframe', suite: 0, epoch: 6}), s = holder(0, {id: 2});
  const bob = holder(1, {format: 'jframe', suite: 0, epoch: 6});
  add(bob, 1, {id: 2, epoch: 7});
  for (let i = 0; i < 20; i++) { /* whatever the bytes look like */
    assert.equal((await bob.open('ann', await j.seal(plain))).epoch, 6);
    assert.equal((await bob.open('ann', await s.seal(plain))).epoch, 7);
  }
});

test('garbage is refused', async () => {
  const bob = holder(1);
  for (const garbage of [[], [0xff], [0x90, 0x70], [...Array(64).keys()], Array(64).fill(255)])
    await assert.rejects(bob.open('ann', Uint8Array.from(garbage)), {name: 'KeyroomError'});
  const ann = holder(0);
  await assert.rejects(bob.open('ann', concat(await ann.seal(plain), Uint8Array.of(0))), code('bad-frame'));
});

test('the window', () => {
  const w = new ReplayWindow();
  for (const ctr of [0n, 5n, 3n])
    w.mark(ctr);
  for (const ctr of [0n, 5n, 3n])
    assert.throws(() => w.mark(ctr), code('replay'));
  w.mark(1027n);
  assert.throws(() => w.check(3n), code('replay'));
  w.check(4n);
  w.mark(1028n);
  assert.throws(() => w.check(4n), code('replay')); /* 1024 behind */
  assert.throws(() => w.check(5n), code('replay'));
  w.mark(6n);
  assert.throws(() => w.mark(6n), code('replay'));
  w.mark(2n ** 64n - 1n);
  assert.throws(() => w.mark(1028n), code('replay'));
  w.mark(2n ** 64n - 1024n);
  assert.throws(() => w.mark(2n ** 64n - 1n), code('replay'));
  assert.throws(() => w.mark(2n ** 64n - 1024n), code('replay'));
  assert.throws(() => w.mark(2n ** 64n - 1025n), code('replay'));
});
