/* Meetings of participants in JavaScript and in C, around the real core of the service. */
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {pick, World} from './world.js';

const code = (name) => ({name: 'KeyroomError', code: name});
const plain = Uint8Array.from('a frame', (c) => c.charCodeAt(0));

for (const [format, suite] of [['sframe', 1], ['sframe', 2], ['sframe', 3], ['sframe', 4], ['sframe', 5], ['jframe', 0]]) {
  test(`everybody hears everybody, in C and in JavaScript: ${format} ${suite}`, async () => {
    const w = await World.start({format, suite});
    await w.join('ann');
    await w.command('join bob');
    await w.wait(1500);
    await w.allHear(1, ['bob']);
    await w.join('cy');
    await w.command('join dan');
    await w.wait(2500);
    await w.allHear(2, ['bob', 'dan']);
    await w.end();
  });
}

test('alone', async () => {
  const w = await World.start();
  const ann = await w.join('ann');
  await w.wait(1500);
  await w.allHear(1);
  assert.deepEqual(ann.reports.map((r) => r.kind).filter((k) => k !== 'state'),
                   ['joined', 'attached', 'announce', 'log', 'commit', 'switch']);
  await w.end();
});

test('a join ratchets, a leave is fresh, and who left hears nothing more', async () => {
  const w = await World.start();
  const ann = await w.join('ann'), eve = await w.join('eve', {keep: true});
  await w.command('join bob');
  await w.wait(2000);
  await w.allHear(1, ['bob']);
  await w.join('cy');
  await w.wait(2000);
  await w.allHear(2, ['bob']);
  assert.equal(ann.said('announce').at(-1).epochKind, 'ratchet');
  await w.step(eve, {kind: 'leave'});
  assert.equal(eve.view().maySend, false);
  await assert.rejects(eve.keys.seal(plain), code('no-key'));
  await w.wait(2000);
  await w.allHear(3, ['bob']);
  assert.equal(ann.said('announce').at(-1).epochKind, 'fresh');
  assert.deepEqual(ann.said('announce').at(-1).reasons, ['leave']);
  await assert.rejects(eve.keys.open('ann', await ann.keys.seal(plain)), code('no-key'));
  await w.command('leave bob');
  await w.wait(2000);
  await w.allHear(4);
  await w.end();
});

test('make before break: who seals late with the old key is heard, for 5 s', async () => {
  const w = await World.start();
  const ann = await w.join('ann'), bob = await w.join('bob');
  await w.wait(1500);
  const old = [await ann.keys.seal(plain), await ann.keys.seal(plain)];
  await w.command('rotate');
  await w.wait(1500);
  await w.allHear(2);
  assert.equal((await bob.keys.open('ann', old[0])).epoch, 1);
  assert.equal(bob.view().held, 2);
  await w.wait(5000);
  assert.equal(bob.view().held, 1);
  await assert.rejects(bob.keys.open('ann', old[1]), code('no-key'));
  await w.end();
});

test('ten rotations, each heard by all', async () => {
  const w = await World.start();
  await w.join('ann');
  await w.join('bob');
  await w.command('join cy');
  await w.wait(1500);
  for (let epoch = 2; epoch <= 11; epoch++) {
    await w.command('rotate');
    await w.wait(1500);
    await w.allHear(epoch, ['cy']);
  }
  await w.end();
});

test('one-time keys are refilled when they run low', async () => {
  const w = await World.start();
  const ann = await w.join('ann'), cy = await w.add('cy');
  const refills = [];
  ann.say = ({children: [payload]}) => {
    if (payload?.name === 'keys')
      refills.push(payload.children.length);
    return true;
  };
  for (let i = 0; i < 45; i++) { /* each attach of cy claims one */
    await w.step(cy, {kind: 'join'});
    await w.wait(11000);
    assert.equal(cy.view().maySend, true);
    await w.step(cy, {kind: 'leave'});
    await w.wait(2000);
  }
  assert.deepEqual(refills, [41]); /* at the ninth left */
  await w.end();
});

test('a new link is a new attach of the same device', async () => {
  const w = await World.start();
  const ann = await w.join('ann');
  await w.join('bob');
  await w.wait(1500);
  await w.allHear(1);
  const first = ann.said('attached').at(-1);
  await w.command('gone ann');
  await w.step(ann, {kind: 'down'});
  assert.equal(ann.view().maySend, false);
  await w.wait(3000);
  await w.step(ann, {kind: 'up', jid: ann.jid});
  await w.wait(3000);
  await w.allHear(3);
  const second = ann.said('attached').at(-1);
  assert.equal(second.device, first.device);
  assert.notEqual(second.attach, first.attach);
  await w.end();
});

test('the service restarts in mid-meeting', async () => {
  const w = await World.start();
  const ann = await w.join('ann');
  await w.command('join bob');
  await w.wait(1500);
  await w.allHear(1, ['bob']);
  await w.command('restart');
  await w.wait(8000);
  const {epoch} = ann.view();
  assert.ok(epoch > 1);
  assert.ok(ann.said('announce').at(-1).reasons.includes('recover'));
  await w.allHear(epoch, ['bob']);
  await w.end();
});

test('detach: in the room without keys, and back', async () => {
  const w = await World.start();
  const ann = await w.join('ann'), bob = await w.join('bob');
  await w.wait(1500);
  await w.step(ann, {kind: 'detach'});
  await w.wait(2500);
  assert.deepEqual(pick(ann.view(), ['joined', 'member', 'maySend']), {joined: true, member: false, maySend: false});
  assert.equal(bob.view().epoch, 2);
  assert.deepEqual(bob.said('announce').at(-1).who, ['bob']);
  await w.step(ann, {kind: 'join'});
  await w.wait(2500);
  await w.allHear(3);
  await w.end();
});

/* What is lost on the way, in a rotation and in a join, both ways: it heals, or is asked for again. */
for (const [who, kind] of [
  ['ann', 'announce'], ['ann', 'deliver'], ['ann', 'commit'], ['ann', 'envelope'], ['ann', 'ack'], ['cy', 'announce'],
  ['cy', 'deliver'], ['cy', 'envelope'], ['cy', 'challenge'], ['cy', 'attach'], ['cy', 'claim'], ['ann', 'claim'],
]) {
  test(`${kind} of ${who} is lost once`, async () => {
    const w = await World.start();
    await w.join('ann');
    await w.command('join bob');
    await w.wait(1500);
    await w.allHear(1, ['bob']);
    await w.command(`lose 1 ${who} ${kind}`);
    await w.join('cy');
    await w.wait(15000);
    await w.command(`lose 1 ${who} ${kind}`);
    await w.command('rotate');
    await w.wait(15000);
    await w.command('lose 0 * none');
    await w.command('rotate');
    await w.wait(3000);
    const {epoch} = w.ones[0].view();
    await w.allHear(epoch, ['bob']);
    await w.end();
  });
}

/* splitmix32 */
function generator(seed) {
  let s = seed;
  return (n) => {
    s = (s + 0x9e3779b9) | 0;
    let z = Math.imul(s ^ (s >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return ((z ^ (z >>> 15)) >>> 0) % n;
  };
}

const KINDS = ['announce', 'deliver', 'commit', 'wanted', 'envelope', 'ack', 'claim', 'whole', 'attach', 'session'];

for (let seed = 1; seed <= 12; seed++) {
  test(`a meeting with comings, goings and losses: seed ${seed}`, async () => {
    const w = await World.start(seed % 4 === 0 ? {format: 'jframe', suite: 0} : {});
    const pickOne = generator(seed);
    await w.join('ann');
    await w.command('join bob');
    await w.wait(1500);
    for (const nick of ['cy', 'dan', 'eve'])
      await w.add(nick);
    for (let i = 0; i < 25; i++) {
      const o = w.ones[1 + pickOne(3)];
      switch (pickOne(4)) {
      case 0:
        await w.command('rotate');
        break;
      case 1:
        await w.command(`lose ${1 + pickOne(2)} * ${KINDS[pickOne(KINDS.length)]}`);
        break;
      default:
        await w.step(o, {kind: o.view().joined ? 'leave' : 'join'});
      }
      await w.wait(pickOne(3000));
    }
    await w.command('lose 0 * none');
    await w.wait(60000); /* a new session may have to be waited for */
    await w.command('rotate');
    await w.wait(5000);
    await w.allHear(w.ones[0].view().epoch, ['bob']);
    for (const o of w.ones.filter((x) => !x.view().joined))
      await assert.rejects(o.keys.open('ann', await w.ones[0].keys.seal(plain)), code('no-key'));
    for (const o of w.ones)
      assert.equal(o.said('mismatch').length, 0, o.nick);
    await w.end();
  });
}
