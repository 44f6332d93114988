/* The parts of keyroom/page that need no browser. */
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {FrameKeys} from '../keyroom/frame/keys.js';
import {Counts} from '../keyroom/page/counts.js';
import {Members} from '../keyroom/page/members.js';
import {opener, sealer} from '../keyroom/page/pipe.js';
import {codeOfRoster} from '../keyroom/page/room_code.js';
import {lacking, wordsFor} from '../keyroom/page/words.js';
import {fromBase64} from '../keyroom/protocol/bytes.js';
import {load} from './vectors.js';

const bytes = (n, of = 20) => new Uint8Array(of).fill(n);

function keysOf(me, ...epochs) {
  const keys = new FrameKeys();
  for (const epoch of epochs) {
    keys.apply({op: 'epoch', id: epoch, epoch, format: 'sframe', suite: 4, attach: '00'.repeat(16), participants: ['ann', 'bob'], me});
    for (const index of [0, 1])
      keys.apply({op: 'key', id: epoch, index, baseKey: bytes(epoch + index, 32)});
    keys.apply({op: 'send', id: epoch});
  }
  return keys;
}

/* A frame as a browser hands it to a transform. */
const frame = (data, type) => ({data: data.buffer, type});

async function through(step, one) {
  const out = [];
  await step(one, {enqueue: (f) => out.push(f)});
  return out;
}

test('a frame passes sealed, is opened, and is counted by epoch', async () => {
  const counts = [new Counts(), new Counts()];
  const seal = sealer(keysOf(0, 7), counts[0], () => true), open = opener(keysOf(1, 7), counts[1], 'ann', () => {});
  for (const type of ['key', 'delta', undefined]) {
    const [sealed] = await through(seal, frame(bytes(5), type));
    assert.notDeepEqual(new Uint8Array(sealed.data).slice(-20), bytes(5));
    const [opened] = await through(open, sealed);
    assert.deepEqual(new Uint8Array(opened.data), bytes(5));
  }
  assert.deepEqual(counts[0].sealed, {7: 3});
  assert.deepEqual(counts[1].received.ann, {opened: {7: 3}, refused: {}, lacking: {}});
});

test('without a key nothing passes, in either direction', async () => {
  const counts = new Counts();
  assert.deepEqual(await through(sealer(new FrameKeys(), counts, () => true), frame(bytes(5))), []);
  assert.deepEqual(counts.unsent, {'no-key': 1});
  assert.deepEqual(await through(sealer(keysOf(0, 7), counts, () => false), frame(bytes(5))), []);
  assert.deepEqual(counts.unsent, {'no-key': 1, asleep: 1});
  const [sealed] = await through(sealer(keysOf(0, 9), counts, () => true), frame(bytes(5)));
  const open = opener(keysOf(1, 7), counts, 'ann', () => {});
  assert.deepEqual(await through(open, sealed), []);
  assert.deepEqual(await through(open, frame(bytes(5))), []);
  assert.deepEqual(await through(open, frame(bytes(0, 0))), []);
  assert.deepEqual(counts.received.ann.lacking, {9: 1, 0: 1});
  assert.deepEqual(counts.received.ann.opened, {});
});

test('after a gap a picture to start from is asked for, once in a while', async () => {
  let asked = 0;
  const counts = new Counts(), receiver = keysOf(1, 7);
  const seal = sealer(keysOf(0, 7), counts, () => true), open = opener(receiver, counts, 'ann', () => asked++);
  const pass = async (type, damage) => {
    const [f] = await through(seal, frame(bytes(5), type));
    if (damage)
      new Uint8Array(f.data)[15] ^= 1;
    await through(open, f);
  };
  await pass('key');
  await pass('delta');
  assert.equal(asked, 0);
  await pass('delta', true);
  await pass('delta');
  await pass('delta');
  assert.equal(asked, 1);
  await pass('key');
  await pass('delta');
  assert.equal(asked, 1);
});

test('members: who is in the newest epoch, and whose key is here', () => {
  const m = new Members();
  const roster = (epoch, ...names) => m.roster({
    epoch, roster: `digest ${epoch}`, members: names.map((participant) => ({participant, device: `d-${participant}`, owner: ''})),
  });
  m.frame({op: 'epoch', id: 1, epoch: 1, participants: ['ann', 'bob']});
  assert.deepEqual(m.frame({op: 'key', id: 1, index: 0}), {participant: 'ann', epoch: 1, held: true});
  assert.deepEqual(roster(1, 'ann', 'bob').map((c) => [c.participant, c.present]), [['ann', true], ['bob', true]]);
  assert.deepEqual(m.list().map((x) => x.held), [true, false]);
  m.frame({op: 'key', id: 1, index: 1});
  assert.deepEqual(m.list().map((x) => x.held), [true, true]);
  m.frame({op: 'epoch', id: 2, epoch: 2, participants: ['ann']});
  assert.deepEqual(roster(2, 'ann').map((c) => [c.participant, c.present]), [['bob', false]]);
  assert.deepEqual(m.list(), [{participant: 'ann', device: 'd-ann', owner: '', epoch: 2, held: false, trust: 'none'}]);
  m.trust('ann', 'd-ann', 'verified');
  roster(3, 'ann', 'bob');
  assert.deepEqual(m.list().map((x) => x.trust), ['verified', 'none']);
  m.trust('ann', 'd-other', 'changed'); /* of a device that is not in the roster yet */
  assert.equal(m.list()[0].trust, 'verified');
  roster(4, 'bob');
  roster(5, 'ann');
  assert.deepEqual(m.list().map((x) => x.trust), ['none']);
  m.roster({epoch: 6, roster: 'digest 6', members: [{participant: 'ann', device: 'd-other', owner: ''}]});
  assert.deepEqual(m.list().map((x) => x.trust), ['changed']); /* told before it was let in */
  m.trust('ann', 'd-other', 'verified');
  roster(7, 'bob');
  m.roster({epoch: 8, roster: 'digest 8', members: [{participant: 'ann', device: 'd-other', owner: ''}]});
  assert.deepEqual(m.list().map((x) => x.trust), ['none']); /* it may have been taken back meanwhile: it is told again */
  assert.deepEqual(m.clear().map((c) => c.participant), ['ann']);
  assert.equal(m.digest, null);
});

test('room codes of the vectors', async () => {
  const {room_codes: codes} = load('verify');
  assert.equal(codes.length, 2);
  for (const {digest, code} of codes)
    assert.equal(await codeOfRoster(fromBase64(digest, 32)), code);
});

test('what a browser lacks has a name and words', () => {
  const full = {crypto: {subtle: {}}, RTCRtpScriptTransform: class {}};
  assert.deepEqual(lacking(full), []);
  assert.deepEqual(lacking({...full, crypto: {}}), ['no-crypto']);
  assert.deepEqual(lacking({crypto: full.crypto}), ['no-transform']);
  class Sender {
    createEncodedStreams() {}
  }
  assert.deepEqual(lacking({crypto: full.crypto, RTCRtpSender: Sender}), []);
  for (const code of ['no-crypto', 'no-transform', 'mismatch'])
    assert.ok(wordsFor(code).length > 20);
});
