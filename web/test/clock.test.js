/* What a client does by its own clock, whatever it is told (docs/protocol.md 5.12). */
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {decide} from '../keyroom/client/sending.js';
import {World} from './world.js';

const code = (name) => ({name: 'KeyroomError', code: name});
const plain = Uint8Array.of(1, 2, 3);

async function two() {
  const w = await World.start();
  const ann = await w.join('ann'), bob = await w.join('bob');
  await w.wait(1500);
  await w.allHear(1);
  return {w, ann, bob};
}

/* Notes when the next announce and commit come to o, and what it says; lost: kinds that it does not hear. */
function note(w, o, lost = []) {
  const times = {};
  o.hear = (stanza) => {
    const payload = stanza.name === 'message' ? stanza.children[0] : null;
    if (payload?.name === 'announce') {
      times.announced ??= w.now;
      times.deadline ??= Number(payload.attrs.deadline);
    }
    if (payload?.name === 'commit')
      times.committed ??= w.now;
    return !lost.includes(payload?.name);
  };
  return times;
}

const until = (w, at) => w.wait(at - w.now);

test('a sealed sender switches without a commit, at the deadline and half a second', async () => {
  const {w, bob} = await two();
  const times = note(w, bob, ['commit']);
  await w.command('rotate');
  await w.wait(1000);
  await until(w, times.announced + times.deadline + 499);
  assert.equal(bob.view().epoch, 1);
  await w.wait(1);
  assert.equal(bob.view().epoch, 2);
  assert.equal(bob.keys.sending.epoch, 2);
  assert.equal(bob.said('switch', {epoch: 2, byClock: true}).length, 1);
  await w.allHear(2);
  await w.end();
});

test('a replaced secret is erased 5 s after its successor committed', async () => {
  const {w, ann, bob} = await two();
  const frames = [await ann.keys.seal(plain), await ann.keys.seal(plain)];
  const times = note(w, bob);
  await w.command('rotate');
  await w.wait(1500);
  assert.equal(bob.view().held, 2);
  await until(w, times.committed + 4999);
  await bob.keys.open('ann', frames[0]);
  await w.wait(1);
  await assert.rejects(bob.keys.open('ann', frames[1]), code('no-key'));
  assert.equal(bob.view().held, 1);
  await w.end();
});

test('who could not seal for anybody stops 2 s behind the deadline, and says so', async () => {
  const {w, bob} = await two();
  const times = note(w, bob);
  bob.say = (stanza) => stanza.children[0]?.name !== 'envelope';
  await w.command('rotate');
  await w.wait(1000);
  await until(w, times.announced + times.deadline + 1999);
  assert.equal(bob.view().maySend, true);
  await w.wait(1);
  assert.equal(bob.view().maySend, false);
  assert.equal(bob.keys.sending, null);
  assert.equal(bob.said('stop', {epoch: 2, why: 'unsealed'}).length, 1);
  await assert.rejects(bob.keys.seal(plain), code('no-key'));
  await w.end();
});

test('a key that a leaver holds ends in time, whatever is announced behind', async () => {
  const {w, ann, bob} = await two();
  await w.join('cy');
  await w.wait(2000);
  await w.allHear(2);
  const times = note(w, ann, ['commit']);
  const {hear} = ann;
  ann.hear = (stanza) => {
    if (stanza.name === 'message')
      stanza.children[0].attrs.committed = '0';
    return hear(stanza);
  };
  ann.say = (stanza) => stanza.children[0]?.name !== 'envelope';
  await w.step(bob, {kind: 'leave'});
  await w.wait(2500);
  await w.command('rotate');
  await w.wait(1000);
  assert.equal(ann.view().newest, 4);
  await until(w, times.announced + times.deadline + 1999);
  assert.equal(ann.view().epoch, 2);
  await w.wait(1);
  assert.equal(ann.view().maySend, false);
  assert.equal(ann.said('stop', {why: 'overdue'}).length, 1);
  await w.end();
});

test('four epochs are held at most, and what is sent with is none of those that go', async () => {
  const {w, ann, bob} = await two();
  for (const o of [ann, bob])
    o.hear = (stanza) => {
      if (stanza.name === 'message' && stanza.children[0].name === 'announce')
        stanza.children[0].attrs.committed = '0';
      return stanza.name !== 'message' || stanza.children[0].name !== 'commit';
    };
  let most = 0;
  for (let i = 0; i < 7; i++) {
    await w.command('rotate');
    await w.wait(1200);
    most = Math.max(most, bob.view().held);
  }
  assert.equal(most, 4);
  assert.equal(bob.view().maySend, true);
  await bob.keys.seal(plain);
  await w.end();
});

test('a member that is gone and that no announce lacks is shown after 10 s', async () => {
  const {w, ann} = await two();
  await w.join('cy');
  await w.wait(1500);
  await w.allHear(2);
  await w.command('vanish cy');
  await w.wait(9999);
  assert.equal(ann.view().exposed, false);
  await w.wait(1);
  assert.equal(ann.view().exposed, true);
  assert.deepEqual(ann.said('exposed')[0].who, ['cy']);
  await w.command('gone cy');
  await w.wait(3000);
  assert.equal(ann.view().exposed, false);
  assert.equal(ann.said('unexposed').length, 1);
  assert.equal(ann.view().epoch, 3);
  await w.end();
});

test('without a whole that holds, sending stops at the same bound', async () => {
  const {w, bob} = await two();
  const times = note(w, bob);
  const {hear} = bob;
  bob.hear = (stanza) => {
    if (stanza.name === 'message' && stanza.children[0].name === 'announce' && times.announced === undefined)
      stanza.children[0].attrs.check = 'AAAAAAAA'; /* and nothing is heard behind it */
    else if (times.announced !== undefined)
      return false;
    return hear(stanza);
  };
  await w.command('rotate');
  await w.wait(1000);
  await until(w, times.announced + times.deadline + 1999);
  assert.equal(bob.view().maySend, true);
  await w.wait(1);
  assert.equal(bob.view().maySend, false);
  assert.equal(bob.said('stop', {why: 'unresolved'}).length, 1);
  await w.end();
});

test('when a sender uses which key', () => {
  const facts = {announced: 1000, deadline: 2000, sealed: true, committed: false, mismatched: false, sending: true,
                 current: false};
  assert.deepEqual(decide(facts, 3499), {what: 'keep', next: 3500});
  assert.deepEqual(decide(facts, 3500), {what: 'switch by clock', next: Infinity});
  assert.deepEqual(decide({...facts, committed: true}, 1001), {what: 'switch', next: Infinity});
  assert.deepEqual(decide({...facts, current: true}, 9000), {what: 'keep', next: Infinity});
  for (const off of [{sealed: false}, {sealed: false, committed: true}, {mismatched: true}, {mismatched: true, current: true}]) {
    assert.deepEqual(decide({...facts, ...off}, 4999), {what: 'keep', next: 5000});
    assert.deepEqual(decide({...facts, ...off}, 5000), {what: 'stop', next: Infinity});
  }
  assert.deepEqual(decide({...facts, sealed: false, sending: false}, 9000), {what: 'keep', next: Infinity});
});
