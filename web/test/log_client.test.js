/* What a client makes of what the service says of its log (docs/protocol.md 11.10): the service of the tests keeps an honest one, so
 * another is played here, with real keys and proofs. */
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {checkpointText} from '../keyroom/protocol/log.js';
import {toBase64, utf8} from '../keyroom/protocol/bytes.js';
import {hmac} from '../keyroom/protocol/hash.js';
import {make, NS, NS_CLIENT} from '../keyroom/message/el.js';
import {Tree} from '../keyroom/log/tree.js';
import {leafHash} from '../keyroom/log/proof.js';
import {SERVICE, World} from './world.js';
import {load, signWithSeed} from './vectors.js';

const {keys: [{vkey, seed}]} = load('log');
const ORIGIN = 'log.example.org', KEY = toBase64(Buffer.from(vkey.split('+').slice(2).join('+'), 'base64').subarray(1));
const OPENING = new Uint8Array(32).fill(7);

/* ann alone in a room whose service says what is in `log`: entries as bytes, and what is bent. */
class Played {
  leaves = [];
  entries = [];
  asked = [];
  origin = ORIGIN;
  bend = (claim) => claim;
  bendEntry = (text) => text;
  bendProof = (proof) => proof;

  add(text) {
    this.entries.push(utf8(text));
    this.leaves.push(leafHash(this.entries.at(-1)));
  }

  get tree() {
    return new Tree(this.leaves);
  }

  claim(size = this.leaves.length) {
    const root = toBase64(this.tree.root(size));
    return {size, root, sig: toBase64(signWithSeed(seed, utf8(checkpointText(this.origin, {size, root}))))};
  }

  announced(el) {
    const {epoch, roster} = el.attrs;
    this.instance = el.attrs.instance ?? this.instance;
    this.roster = roster ?? this.roster;
    this.add('something else');
    const committed = toBase64(hmac(OPENING, utf8(this.roster)));
    this.add(this.bendEntry(`keyroom:1:log\nv=1\nt=1700000000000\ntype=epoch\ninstance=${this.instance}\nepoch=${epoch}\nroster=${committed}\n`));
    const claim = this.bend(this.claim());
    delete el.attrs.log;
    if (claim !== null)
      Object.assign(el.attrs, {log: `${claim.size} ${claim.root} ${claim.sig}`, 'log-origin': this.origin, 'log-key': KEY});
  }

  proof(el) {
    const {size, since, epoch} = el.attrs, all = (list) => toBase64(Buffer.concat(list));
    const p = this.bendProof({
      index: Number(size) - 1, entry: this.entries[Number(size) - 1], inclusion: this.tree.inclusion(Number(size) - 1, Number(size)),
      consistency: since === undefined || since === size ? [] : this.tree.consistency(Number(since), Number(size)),
    });
    const children = [make('entry', NS, {}, [], toBase64(p.entry))];
    for (const name of ['inclusion', 'consistency'])
      if (p[name].length > 0)
        children.push(make(name, NS, {}, [], all(p[name])));
    return make('proof', NS, {room: el.attrs.room, epoch, index: p.index, size, since, opening: toBase64(OPENING)}, children);
  }
}

async function alone(change = () => {}, config = {}) {
  const w = await World.start(), log = new Played();
  const ann = await w.add('ann', config);
  change(log);
  ann.hear = (stanza) => {
    stanza.children.filter((x) => x.name === 'announce').forEach((x) => log.announced(x));
    return true;
  };
  ann.say = (stanza) => {
    const [el] = stanza.children;
    if (el?.name === 'attach')
      log.presented = el.attrs.log;
    if (el?.name === 'attach') /* the service of the tests would not know it */
      delete el.attrs.log;
    if (el?.name !== 'proof')
      return true;
    log.asked.push(el.attrs);
    log.answer = make('iq', NS_CLIENT, {type: 'result', from: SERVICE, id: stanza.attrs.id}, [log.proof(el)]);
    return false;
  };
  await w.step(ann, {kind: 'join'});
  await w.wait(2000);
  return {w, ann, log};
}

/* Within a minute of the epoch, at some moment. */
async function proved({w, ann, log}) {
  for (let s = 0; s < 60 && log.answer === undefined; s++)
    await w.wait(1000);
  const stanza = log.answer;
  log.answer = undefined;
  assert.ok(stanza, 'asked within a minute');
  await w.step(ann, {kind: 'stanza', stanza});
}

async function nextEpoch({w}) {
  await w.command('rotate');
  await w.wait(3000);
}

const alarms = (ann) => ann.said('alarm').map((r) => r.what);

test('each epoch is proved, and that the log goes on; the newest checkpoint is presented at the next attach', async () => {
  const t = await alone();
  await proved(t);
  assert.deepEqual(t.ann.said('proved').map((r) => r.epoch), [1]);
  assert.equal(t.log.asked[0].since, undefined);
  await nextEpoch(t);
  await proved(t);
  assert.equal(t.log.asked[1].since, t.log.asked[0].size);
  assert.deepEqual(t.ann.said('proved').map((r) => r.epoch), [1, 2]);
  assert.deepEqual(alarms(t.ann), []);
  const {size, root, sig} = t.log.claim();
  await t.w.step(t.ann, {kind: 'leave'});
  await t.w.step(t.ann, {kind: 'join'});
  await t.w.wait(8000);
  assert.equal(t.log.presented, `${size} ${root} ${sig}`);
  assert.deepEqual(alarms(t.ann), []);
  await t.w.end();
});

for (const [what, bend, why] of [
  ['is set back', (c, log) => (log.leaves.length > 2 ? log.claim(1) : c), 'log-rolled-back'],
  ['has another root at one size', (c, log) => (log.leaves.length > 2 ? log.other : c), 'log-forked'],
  ['is no longer named', (c, log) => (log.leaves.length > 2 ? null : c), 'log-missing'],
  ['is signed wrongly', (c, log) => (log.leaves.length > 2 ? {...c, size: c.size + 1} : c), 'log-signature'],
]) {
  test(`a log that ${what} is an alarm and a mismatch: ${why}`, async () => {
    const t = await alone((log) => { log.bend = (c) => bend(c, log); });
    assert.deepEqual(alarms(t.ann), []);
    if (why === 'log-forked') {
      const fork = new Played();
      fork.add('a');
      fork.add('b');
      t.log.other = fork.claim();
    }
    await nextEpoch(t);
    assert.deepEqual(alarms(t.ann), [why]);
    assert.equal(t.ann.view().mismatched, true);
    await t.w.end();
  });
}

for (const [what, change, why] of [
  ['leads elsewhere', (log) => { log.bendProof = (p) => ({...p, inclusion: [leafHash(utf8('x'))]}); }, 'log-not-included'],
  ['is of an entry with another roster', (log) => { log.bendEntry = (e) => e.replace(/roster=./, (r) => (r === 'roster=A' ? 'roster=B' : 'roster=A')); }, 'log-other-entry'],
  ['is of an entry of another type', (log) => { log.bendEntry = (e) => e.replace('type=epoch', 'type=commit'); }, 'log-other-entry'],
  ['is of something that is no entry', (log) => { log.bendEntry = () => 'nothing'; }, 'malformed'],
]) {
  test(`a proof that ${what}: ${why}`, async () => {
    const t = await alone(change);
    await proved(t);
    if (why === 'malformed') { /* no answer to go by: it is asked again, and then the silence shown */
      await t.w.wait(60000);
      assert.deepEqual(alarms(t.ann), ['log-silent']);
      assert.equal(t.ann.view().mismatched, false);
    } else {
      assert.deepEqual(alarms(t.ann), [why]);
      assert.equal(t.ann.view().mismatched, true);
    }
    assert.deepEqual(t.ann.said('proved'), []);
    await t.w.end();
  });
}

test('a log whose past was changed is found by the proof that it goes on', async () => {
  const t = await alone();
  await proved(t);
  t.log.leaves[0] = leafHash(utf8('rewritten'));
  await nextEpoch(t);
  await proved(t);
  assert.deepEqual(alarms(t.ann), ['log-rewritten']);
  assert.equal(t.ann.view().mismatched, true);
  await t.w.end();
});

test('no proof within a minute is shown, and the call goes on', async () => {
  const t = await alone();
  await t.w.wait(57000);
  assert.deepEqual(alarms(t.ann), []);
  await t.w.wait(3000);
  assert.deepEqual(alarms(t.ann), ['log-silent']);
  assert.equal(t.ann.view().maySend, true);
  await t.w.end();
});

test('what was known before: a pinned key takes no other, a remembered checkpoint is not forgotten, a log begun anew is told of', async () => {
  const other = toBase64(new Uint8Array(32).fill(3));
  const pinned = await alone(undefined, {log: {origin: ORIGIN, key: other, pinned: true, seen: null}});
  assert.deepEqual(alarms(pinned.ann), ['log-key']);
  await pinned.w.end();
  const anew = await alone(undefined, {log: {origin: ORIGIN, key: other, seen: null}});
  assert.deepEqual(alarms(anew.ann), ['log-begun-anew']);
  assert.equal(anew.ann.view().member, true);
  await anew.w.end();
  const big = {size: 1000, root: other, sig: toBase64(new Uint8Array(64))};
  const back = await alone(undefined, {log: {origin: ORIGIN, key: KEY, seen: big}});
  assert.deepEqual(alarms(back.ann), ['log-rolled-back']);
  await back.w.end();
});

test('the real service proves its epochs, and goes on to after a restart', async () => {
  const w = await World.start(), ann = await w.join('ann');
  await w.command('join bob');
  for (let i = 0; i < 3; i++) {
    await w.wait(62000);
    await w.command(i === 1 ? 'restart' : 'rotate');
    await w.wait(4000);
  }
  await w.wait(62000);
  assert.ok(ann.said('proved').length >= 4);
  assert.deepEqual(alarms(ann), []);
  await w.end();
});

test('the whole is asked for with the newest checkpoint: a service that was set back hears of it', async () => {
  const {w, ann, log} = await alone();
  const {say, hear} = ann, {size, root, sig} = log.claim();
  let shown;
  ann.say = (stanza) => {
    if (stanza.children[0]?.name === 'whole')
      shown ??= [stanza.children[0].attrs.log, stanza.children[0].attrs['log-origin']];
    return say(stanza);
  };
  ann.hear = (stanza) => {
    hear(stanza);
    stanza.children.filter((x) => x.name === 'announce').forEach((x) => { x.attrs.check = 'AAAAAAAA'; });
    return true;
  };
  await w.command('rotate');
  await w.wait(2000);
  assert.deepEqual(shown, [`${size} ${root} ${sig}`, ORIGIN]);
  await w.end();
});
