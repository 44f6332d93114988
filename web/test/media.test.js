/* Senders are watched (keyroom/page/media.js): with a browser that is played. */
import assert from 'node:assert/strict';
import {afterEach, beforeEach, test} from 'node:test';
import {Media} from '../keyroom/page/media.js';

const real = {setTimeout, clearTimeout};
let timers = [];

/* Time passes when a test says so. */
beforeEach(() => {
  timers = [];
  globalThis.RTCRtpScriptTransform = class {};
  globalThis.setTimeout = (f, ms, ...args) => {
    timers.push({f: () => f(...args), ms});
    return timers.at(-1);
  };
  globalThis.clearTimeout = (timer) => { timers = timers.filter((x) => x !== timer); };
});

afterEach(() => Object.assign(globalThis, real));

const settled = () => new Promise((resolve) => setImmediate(resolve));

async function fire(ms) {
  const due = timers.filter((x) => x.ms === ms);
  timers = timers.filter((x) => x.ms !== ms);
  due.forEach((x) => x.f());
  await settled();
}

class Sender {
  transport = null;
  transform = null;
  packets = 0;
  took = [];
  track = {
    readyState: 'live',
    stop: () => {
      this.took.push('stopped');
      this.track.readyState = 'ended';
    },
  };

  constructor(kind, more = {}) {
    Object.assign(this, {kind}, more);
  }

  async getStats() {
    return [['x', {type: 'outbound-rtp', kind: this.kind, packetsSent: this.packets}], ['y', {type: 'codec'}]];
  }

  async replaceTrack(track) {
    this.took.push(track);
    this.track = track;
  }
}

function watch(sender, passed) {
  const warnings = [];
  const media = new Media({}, {warn: (code) => warnings.push([code, sender.took.length]), passed});
  media.protect(sender);
  return {media, warnings};
}

for (const [kind, packets] of [['audio', 1], ['video', 12]]) {
  test(`${kind}: what goes out and has not passed the worker ends the sender, and then is told`, async () => {
    const sender = new Sender(kind), {warnings} = watch(sender, async () => ({came: 0, passed: 0}));
    await fire(100);
    assert.deepEqual(warnings, []);
    sender.packets = packets;
    await fire(100);
    assert.deepEqual([warnings, sender.took], [[['not-encrypted', 1]], [null]]);
    await fire(100);
    assert.equal(warnings.length, 1);
  });
}

test('sound that went out before the first frame came to the worker is told from what passed there', async () => {
  const sender = new Sender('audio'), {warnings} = watch(sender, async () => ({came: 3, passed: 3}));
  sender.packets = 5;
  await fire(100);
  assert.equal(warnings.length, 1);
});

test('a track that cannot be taken from its sender is stopped, and the word is said all the same', async () => {
  const sender = new Sender('audio', {packets: 1, replaceTrack: () => Promise.reject(new Error('stopped'))});
  const {warnings} = watch(sender, async () => ({came: 0, passed: 0}));
  await fire(100);
  await fire(100);
  assert.deepEqual([warnings, sender.took], [[['not-encrypted', 0]], ['stopped']]);
});

test('what cannot be looked at is cut off; so is what a silent worker knows nothing of', async () => {
  const dark = new Sender('audio', {getStats: () => Promise.reject(new Error('no'))});
  const first = watch(dark, async () => ({came: 9, passed: 9}));
  await fire(100);
  assert.equal(first.warnings.length, 1);
  const sender = new Sender('audio', {packets: 1}), second = watch(sender, () => new Promise(() => {}));
  await fire(100);
  assert.equal(second.warnings.length, 0);
  await fire(2000);
  assert.deepEqual([second.warnings.length, sender.took], [1, [null]]);
});

test('a sender whose frames pass the worker is left alone, however late its stats and the answers are', async () => {
  let passed = 0, answer, stats, asked = 0;
  const sender = new Sender('audio', {getStats: () => new Promise((resolve) => { stats = resolve; })});
  const {warnings} = watch(sender, () => {
    asked++;
    return new Promise((resolve) => { answer = resolve; });
  });
  for (let i = 0; i < 2; i++) {
    await fire(100);
    assert.equal(timers.filter((x) => x.ms === 100).length, 0, 'no look begins before the last one has ended');
    passed += 40; /* and the count is taken after what it is compared with */
    stats([['x', {type: 'outbound-rtp', kind: 'audio', packetsSent: passed}]]);
    await settled();
    answer({came: passed, passed});
    await settled();
  }
  await fire(100);
  assert.deepEqual([warnings, sender.took, asked], [[], [], 2]); /* by then it is known to be good */
});

test('a sender that was cut off, or refused, stays so, whatever track it is given', async () => {
  const refused = new Sender('audio', {transport: {state: 'connected'}});
  const cut = new Sender('audio', {packets: 1}), {media, warnings} = watch(cut, async () => ({came: 0, passed: 0}));
  assert.throws(() => media.protect(refused), {code: 'bad-state'});
  await fire(100);
  for (const sender of [refused, cut]) {
    sender.took = [];
    sender.track = {readyState: 'live'};
  }
  warnings.length = 0;
  await fire(100);
  assert.deepEqual([warnings.length, refused.took, cut.took], [2, [null], [null]]);
  for (let i = 0; i < 3; i++)
    await fire(100);
  assert.equal(warnings.length, 2, 'once for each track');
});

test('to protect one twice does nothing', async () => {
  const sender = new Sender('video', {packets: 3}), {media, warnings} = watch(sender, async () => ({came: 9, passed: 9}));
  sender.transport = {state: 'connected'};
  media.protect(sender);
  await fire(100);
  assert.deepEqual([warnings, sender.took, timers.filter((x) => x.ms === 100).length], [[], [], 1]);
});

test('numbers that are none, and stats that never come, are no excuse', async () => {
  const strange = new Sender('video', {packets: undefined}), one = watch(strange, async () => ({came: 9, passed: 9}));
  await fire(100);
  assert.equal(one.warnings.length, 1);
  const silent = new Sender('video', {getStats: () => new Promise(() => {})}), two = watch(silent, async () => ({came: 9, passed: 9}));
  await fire(100);
  await fire(10000);
  assert.deepEqual([two.warnings.length, silent.took], [1, [null]]);
});

test('when nobody looks any more, only what is known to pass the worker goes on', async () => {
  const counts = async () => ({came: 9, passed: 9}), good = new Sender('video', {packets: 9}), fresh = new Sender('audio');
  const {media, warnings} = watch(good, counts);
  for (let i = 0; i < 2; i++)
    await fire(100);
  media.protect(fresh);
  media.close();
  assert.deepEqual([warnings, good.took, fresh.took, timers.filter((x) => x.ms === 100).length], [[], [], [null], 0]);
});

test('a receiver that cannot be opened is not played', () => {
  let stopped = 0;
  const media = new Media({}, {}), receiver = {track: {stop: () => stopped++}, set transform(t) { throw new Error('late'); }};
  assert.throws(() => media.open(receiver, 'ann'), /late/);
  assert.equal(stopped, 1);
});

test('a transform that is taken away later is noticed', async () => {
  const sender = new Sender('video', {packets: 30}), {warnings} = watch(sender, async () => ({came: 9, passed: 9}));
  for (let i = 0; i < 3; i++)
    await fire(100);
  assert.deepEqual(warnings, []);
  sender.transform = null;
  await fire(100);
  assert.deepEqual([warnings, sender.took], [[['not-encrypted', 1]], [null]]);
});

test('a sender that was negotiated is refused and cut off', () => {
  const late = new Sender('audio', {transport: {state: 'new'}});
  assert.throws(() => watch(late, async () => ({came: 0, passed: 0})), {code: 'bad-state'});
  assert.deepEqual(late.took, [null]);
});

test('a sender whose connection is closed says nothing, and is forgotten', async () => {
  const gone = new Sender('audio', {packets: 5}), {warnings} = watch(gone, async () => ({came: 0, passed: 0}));
  gone.transport = {state: 'closed'};
  for (let i = 0; i < 100; i++)
    await fire(100);
  assert.deepEqual([warnings, timers.filter((x) => x.ms === 100).length], [[], 0]);
});

test('a sender that leaves its transport for the bundled one stays watched', async () => {
  const sender = new Sender('video'), {warnings} = watch(sender, async () => ({came: 0, passed: 0}));
  sender.transport = {state: 'closed'};
  await fire(100);
  Object.assign(sender, {transport: {state: 'connected'}, packets: 7});
  await fire(100);
  assert.deepEqual([warnings, sender.took], [[['not-encrypted', 1]], [null]]);
});
