/* People who compare codes, in JavaScript and in C, around the real core of the service (docs/protocol.md 12). */
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {part} from '../keyroom/verify/index.js';
import {SAID, World} from './world.js';

const step = (o, what) => o.said('verify', {step: what}).at(-1);
const trustOf = (o, who) => o.reports.filter((r) => r.kind === 'trust' && r.who[0] === who).at(-1)?.trust ?? 'none';

/* ann in JavaScript, bob in C, in one room. */
async function two(config = {}, more = {attestFor: 3600}) {
  const w = await World.start(config), ann = await w.join('ann', more);
  await w.command('join bob');
  await w.wait(3000);
  return {w, ann};
}

const says = (w, o, kind, participant, same) => w.step(o, {kind, participant, same});

test('each begins once: both show one code, and are verified', async () => {
  const {w, ann} = await two();
  assert.equal(ann.loaded, undefined); /* what verifies is not loaded for nothing */
  await says(w, ann, 'verify', 'bob');
  await w.command('verify bob ann');
  await w.wait(100);
  const {numbers, emoji} = step(ann, 'code');
  assert.equal(await w.command(`said bob verify code ${numbers.join(' ')}`), '1', 'one code');
  assert.equal(emoji.length, 7);
  await says(w, ann, 'verify-answer', 'bob', true);
  await w.command('match bob ann');
  await w.wait(100);
  assert.deepEqual(step(ann, 'verified').who, ['bob']);
  assert.equal(trustOf(ann, 'bob'), 'verified');
  assert.equal(await w.command('said bob verify verified'), '1');
  assert.equal(await w.command('said bob trust verified ann ann'), '1');
  /* the other way round; and what was attested comes back after the stay was over */
  await w.command('verify bob ann');
  await w.wait(100);
  assert.deepEqual(step(ann, 'asked').who, ['bob']);
  await says(w, ann, 'verify', 'bob');
  await w.wait(100);
  await says(w, ann, 'verify-answer', 'bob', true);
  await w.command('match bob ann');
  await w.wait(100);
  assert.equal(ann.said('verify', {step: 'verified'}).length, 2);
  assert.deepEqual(ann.said('refused').filter((r) => r.what !== 'claim'), []);
  assert.equal(ann.loaded, 1);
  await w.end();
});

test('who says that the codes differ is heard, in both directions; so is who does not want', async () => {
  const {w, ann} = await two();
  for (const loud of ['ann', 'bob']) {
    await says(w, ann, 'verify', 'bob');
    await w.command('verify bob ann');
    await w.wait(100);
    if (loud === 'ann')
      await says(w, ann, 'verify-answer', 'bob', false);
    else
      await w.command('mismatch bob ann');
    await w.wait(100);
    assert.equal(step(ann, 'mismatch').byPeer, loud === 'bob');
  }
  assert.equal(await w.command('said bob verify mismatch'), '1');
  await says(w, ann, 'verify', 'bob');
  await w.command('decline bob ann');
  await w.wait(100);
  assert.deepEqual([step(ann, 'ended').reason, step(ann, 'ended').byPeer], ['user', true]);
  await w.command('verify bob ann');
  await w.wait(100);
  await says(w, ann, 'verify-cancel', 'bob');
  await w.wait(100);
  assert.equal(await w.command('said bob verify ended'), '1');
  assert.equal(trustOf(ann, 'bob'), 'none');
  await w.end();
});

test('nobody answers: it ends by time; one who leaves ends it', async () => {
  const {w, ann} = await two();
  await says(w, ann, 'verify', 'bob');
  await w.wait(179000);
  assert.equal(step(ann, 'ended'), undefined);
  await w.wait(2000);
  assert.equal(step(ann, 'ended').reason, 'timeout');
  await says(w, ann, 'verify', 'bob');
  await w.command('verify bob ann');
  await w.wait(100);
  await w.command('leave bob');
  await w.wait(3000);
  assert.equal(step(ann, 'ended').reason, 'gone');
  await w.end();
});

test('three tries, and no more until one holds', async () => {
  const {w, ann} = await two();
  for (let i = 0; i < 3; i++) {
    await says(w, ann, 'verify', 'bob');
    await w.command('verify bob ann');
    await w.wait(100);
    assert.equal(ann.said('verify', {step: 'code'}).length, i + 1);
    await says(w, ann, 'verify-answer', 'bob', false);
    await w.wait(61000);
  }
  await says(w, ann, 'verify', 'bob');
  assert.equal(step(ann, 'ended').reason, 'tries');
  await w.end();
});

test('two in JavaScript, whose starts cross', async () => {
  const w = await World.start(), ann = await w.join('ann'), bob = await w.join('bob');
  await w.wait(3000);
  const held = [];
  ann.hear = bob.hear = (el) => {
    const isSession = el.children.some((x) => x.name === 'session');
    if (isSession)
      held.push(el);
    return !isSession;
  };
  await says(w, ann, 'verify', 'bob');
  await says(w, bob, 'verify', 'ann');
  await w.wait(1000);
  assert.equal(held.length, 2);
  ann.hear = bob.hear = undefined;
  for (const stanza of held)
    for (const o of [ann, bob])
      if (o.jid === stanza.attrs.to || stanza.attrs.to === undefined)
        await w.step(o, {kind: 'stanza', stanza});
  await w.wait(1000);
  assert.deepEqual(step(ann, 'code')?.numbers, step(bob, 'code')?.numbers);
  assert.ok(step(ann, 'code'));
  for (const [o, other] of [[ann, 'bob'], [bob, 'ann']])
    await says(w, o, 'verify-answer', other, true);
  await w.wait(1000);
  assert.deepEqual([trustOf(ann, 'bob'), trustOf(bob, 'ann')], ['verified', 'verified']);
  await w.end();
});

test('a device that is another one than was verified is shown as that', async () => {
  const w = await World.start(), ann = await w.join('ann'), bob = await w.join('bob');
  await w.wait(3000);
  for (const [o, other] of [[ann, 'bob'], [bob, 'ann']])
    await says(w, o, 'verify', other);
  await w.wait(200);
  for (const [o, other] of [[ann, 'bob'], [bob, 'ann']])
    await says(w, o, 'verify-answer', other, true);
  await w.wait(200);
  assert.equal(trustOf(ann, 'bob'), 'verified');
  const device = ann.said('verify', {step: 'verified'})[0].device;
  await w.step(bob, {kind: 'leave'});
  w.ones.splice(w.ones.indexOf(bob), 1);
  await w.join('bob', {label: ' two'});
  await w.wait(8000);
  const trust = ann.said('trust').at(-1);
  assert.deepEqual([trust.trust, trust.who, trust.name], ['changed', ['bob'], 'bob']);
  assert.notEqual(trust.device, device);
  await w.end();
});

test('a cheat in JavaScript, whose MACs are of other keys, is found out by a client in C', async () => {
  const {w, ann} = await two();
  ann.part = {...part, keys: (c) => () => Object.assign(part.keys(c)(), {mac: () => 'A'.repeat(43)})};
  await says(w, ann, 'verify', 'bob');
  await w.command('verify bob ann');
  await w.wait(100);
  await says(w, ann, 'verify-answer', 'bob', true);
  await w.wait(100);
  assert.equal(await w.command('said bob verify ended bad-mac'), '1');
  assert.deepEqual([step(ann, 'ended').reason, step(ann, 'ended').byPeer], ['bad-mac', true]);
  await w.command('match bob ann');
  assert.equal(await w.command('said bob trust verified'), '0');
  await w.end();
});

test('whoever cannot have what verifies says so, and the call goes on', async () => {
  const {w, ann} = await two();
  ann.partless = true;
  await w.command('verify bob ann');
  await w.wait(100);
  await says(w, ann, 'verify', 'bob');
  assert.ok(ann.said('refused', {what: 'verify', why: 'no-part'}).length >= 1);
  await w.command('rotate');
  await w.wait(3000);
  await w.allHear(ann.view().epoch, ['bob']);
  await w.end();
});

for (const inC of ['alice', 'bob']) {
  test(`a room of verified devices: its owner lets in and puts out (${inC} in C)`, async () => {
    const w = await World.start({verifiedBy: 'owners'}), js = inC === 'alice' ? 'bob' : 'alice';
    const config = {attestFor: 3600};
    const both = async (kind, from, to, same) => {
      if (from === inC)
        await w.command(`${kind === 'verify' ? 'verify' : kind === 'unattest' ? 'distrust' : same ? 'match' : 'mismatch'} ${from} ${to}`);
      else
        await says(w, one, kind, to, same);
      await w.wait(100);
    };
    let one;
    if (inC === 'alice') {
      await w.command('join alice');
      one = await w.join(js, config);
    } else {
      one = await w.join(js, config);
      await w.command('join bob');
    }
    await w.command('affiliate alice owner');
    await w.wait(3000);
    assert.equal(one.loaded, 1); /* the policy asks for it */
    if (js === 'bob')
      assert.equal(one.view().waiting, true);
    await both('verify', 'bob', 'alice');
    await both('verify', 'alice', 'bob');
    assert.ok(step(one, 'code'));
    await both('verify-answer', 'alice', 'bob', true);
    await both('verify-answer', 'bob', 'alice', true);
    await w.wait(3000);
    assert.equal(one.view().member, true);
    await w.allHear(one.view().epoch, [inC]);
    await both('unattest', 'alice', 'bob');
    await w.wait(3000);
    if (js === 'bob')
      assert.equal(one.said('detached').at(-1).why, 'policy');
    else
      assert.deepEqual(one.said('announce').at(-1).who, ['alice']);
    await w.end();
  });
}

test('a room that wants verified devices from now on: who may stay, stays', async () => {
  const w = await World.start();
  const alice = await w.join('alice');
  await w.command('affiliate alice owner');
  await w.command('join bob');
  await w.wait(3000);
  assert.equal(alice.loaded, undefined);
  await w.command('verified owners');
  await w.wait(3000);
  assert.equal(alice.loaded, 1);
  assert.equal(alice.said('detached').length, 0);
  assert.deepEqual(alice.said('announce').at(-1).who, ['alice']);
  assert.equal(alice.said('switch').at(-1).epoch, alice.view().epoch);
  await w.end();
});

/* In C: an unverified guest. In JavaScript: the owner, whose page has not loaded what verifies. */
async function wantsVerified() {
  const w = await World.start();
  const alice = await w.join('alice');
  await w.command('affiliate alice owner');
  await w.command('join bob');
  await w.wait(3000);
  alice.loads = true;
  await w.command('verified owners');
  return {w, alice};
}

test('what verifies comes late: the epoch that wants it is made up for', async () => {
  const {w, alice} = await wantsVerified();
  await w.wait(4000); /* its keys have been delivered, and it was committed without her */
  assert.equal(alice.loaded, 1);
  await w.load(alice);
  await w.wait(3000);
  assert.equal(alice.loaded, 1);
  assert.equal(alice.said('detached').length, 0);
  assert.equal(alice.view().maySend, true);
  assert.equal(alice.said('switch').at(-1).epoch, alice.view().epoch);
  await w.command('rotate');
  await w.wait(3000);
  assert.equal(alice.said('switch').at(-1).epoch, alice.view().epoch);
  await w.end();
});

test('what verifies never comes: who was put out does not hear on', async () => {
  const {w, alice} = await wantsVerified();
  await w.wait(20000);
  assert.equal(alice.view().maySend, false);
  assert.equal(alice.said('stop').length, 1);
  alice.partless = true;
  await w.load(alice);
  await w.wait(3000);
  assert.equal(alice.said('refused', {what: 'announce', why: 'below-floor'}).length, 1);
  assert.equal(alice.view().member, false); /* under a policy that it cannot check */
  alice.partless = false;
  await w.step(alice, {kind: 'join'}); /* another try to load it */
  await w.load(alice);
  await w.wait(6000);
  assert.equal(alice.view().member, true);
  await w.end();
});

test('nothing is sealed for a device that our own check does not find verified', async () => {
  const w = await World.start({verifiedBy: 'owners'});
  await w.command('join alice');
  await w.command('affiliate alice owner');
  await w.command('join bob');
  const cy = await w.join('cy', {attestFor: 3600});
  await w.wait(3000);
  cy.hear = (el) => !el.children.some((x) => x.name === 'attestations'); /* of what alice says of bob */
  for (const who of ['bob', 'cy']) {
    if (who === 'cy')
      await says(w, cy, 'verify', 'alice');
    else
      await w.command('verify bob alice');
    await w.command(`verify alice ${who}`);
    await w.wait(200);
    await w.command(`match alice ${who}`);
    if (who === 'cy')
      await says(w, cy, 'verify-answer', 'alice', true);
    else
      await w.command('match bob alice');
    await w.wait(3000);
  }
  assert.ok(cy.view().member);
  assert.ok(cy.said('refused', {what: 'line', why: 'not-verified'}).some((r) => r.who[0] === 'bob'));
  const frame = await cy.keys.seal(SAID);
  const open = async (who) => w.command(`open ${who} cy ${Buffer.from(frame).toString('hex')}`);
  assert.deepEqual([await open('alice'), await open('bob')], ['opened', 'no-key']);
  cy.hear = undefined;
  await w.command('rotate');
  await says(w, cy, 'verify', 'bob'); /* our own person's word does as well */
  await w.command('verify bob cy');
  await w.wait(200);
  await says(w, cy, 'verify-answer', 'bob', true);
  await w.command('match bob cy');
  await w.wait(4000);
  await w.allHear(cy.view().epoch, ['alice', 'bob']);
  await w.end();
});

test('what is no word of a verification is refused, and ends the one that goes on', async () => {
  const {w, ann} = await two();
  const bob = await w.join('bo2');
  await w.wait(3000);
  await says(w, ann, 'verify', 'bo2');
  await says(w, bob, 'verify', 'ann');
  await w.wait(200);
  assert.ok(step(ann, 'code'));
  /* `verify` taken away on the way: what is in it is no envelope either */
  bob.say = (el) => {
    for (const x of el.children)
      if (x.name === 'session')
        delete x.attrs.verify;
    return true;
  };
  await says(w, bob, 'verify-answer', 'ann', true);
  await w.wait(200);
  assert.ok(ann.said('refused', {what: 'session', why: 'malformed'}).length > 0);
  assert.equal(step(ann, 'verified'), undefined);
  await w.end();
});
