/* Rooms whose secret is one for all: from a leader in C or in JavaScript, from the service, from a passphrase; around the real
 * core of the service. */
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {passphraseKey} from '../keyroom/frame/passphrase.js';
import {pick, World} from './world.js';

const code = (name) => ({name: 'KeyroomError', code: name});
const plain = Uint8Array.from('a frame', (c) => c.charCodeAt(0));
const led = {sources: ['leader'], lead: true}, follows = {sources: ['leader']};
const sourceOf = (o) => pick(o.said('announce').at(-1), ['source', 'leader', 'epochKind']);

for (const [format, suite] of [['sframe', 4], ['jframe', 0]]) {
  test(`a leader in C: joins ratchet, leaves are fresh: ${format}`, async () => {
    const w = await World.start({format, suite, source: 'leader'});
    await w.command('leads');
    await w.command('join bob');
    const ann = await w.join('ann', follows);
    await w.wait(2000);
    await w.allHear(1, ['bob']);
    assert.deepEqual(sourceOf(ann), {source: 'leader', leader: 'bob', epochKind: 'fresh'});
    await w.join('cy', follows);
    await w.wait(2500);
    await w.allHear(2, ['bob']);
    assert.deepEqual(sourceOf(ann), {source: 'leader', leader: 'bob', epochKind: 'ratchet'});
    const eve = await w.join('eve', {...follows, keep: true});
    await w.wait(2500);
    await w.allHear(3, ['bob']);
    await w.step(eve, {kind: 'leave'});
    await w.wait(2500);
    await w.allHear(4, ['bob']);
    assert.equal(sourceOf(ann).epochKind, 'fresh');
    await assert.rejects(eve.keys.open('ann', await ann.keys.seal(plain)), code('no-key'));
    await w.end();
  });

  test(`a leader in JavaScript, and the next one when it goes: ${format}`, async () => {
    const w = await World.start({format, suite, source: 'leader'});
    const ann = await w.join('ann', led);
    await w.wait(1500);
    await w.allHear(1);
    await w.command('leads');
    await w.command('join bob');
    await w.wait(100); /* so bob is attached longer; one epoch for both */
    const cy = await w.join('cy', led);
    await w.wait(2500);
    await w.allHear(2, ['bob']);
    assert.deepEqual(sourceOf(cy), {source: 'leader', leader: 'ann', epochKind: 'ratchet'});
    await w.command('rotate');
    await w.wait(2500);
    await w.allHear(3, ['bob']);
    await w.step(ann, {kind: 'leave'});
    await w.wait(3000);
    await w.allHear(4, ['bob']);
    assert.equal(sourceOf(cy).leader, 'bob');
    await w.command('leave bob');
    await w.wait(3000);
    await w.allHear(5);
    assert.equal(sourceOf(cy).leader, 'cy');
    await w.end();
  });
}

test('the service as leader: only the device that the application names', async () => {
  const w = await World.start({source: 'service'});
  const serviceDevice = await w.command('device service');
  const ann = await w.join('ann', {sources: ['service'], serviceDevice});
  await w.command('join bob');
  await w.wait(3000);
  const first = ann.view().epoch;
  assert.ok(first > 0);
  await w.allHear(first, ['bob']);
  assert.equal(ann.said('announce').at(-1).source, 'service');
  await w.command('rotate');
  await w.wait(3000);
  await w.allHear(first + 1, ['bob']);
  const mal = await w.join('mal', {sources: ['service'], serviceDevice: '00'.repeat(16)});
  await w.wait(3000);
  assert.deepEqual(pick(mal.view(), ['maySend', 'mismatched']), {maySend: false, mismatched: true});
  assert.equal(mal.said('mismatch')[0].why, 'wrong-leader');
  const wary = await w.join('wary');
  await w.wait(3000);
  assert.equal(wary.view().member, false);
  assert.equal(wary.said('refused').at(-1).why, 'below-floor');
  await w.end();
});

/* What a page does with what the output asks for. */
async function knows(w, o, passphrase) {
  const {instance, salt, iterations} = o.wanted;
  await w.step(o, {kind: 'passphrase', instance, key: await passphraseKey(passphrase, salt, iterations, 32)});
}

test('a passphrase: who knows it hears, who does not opens nothing', async () => {
  const w = await World.start({source: 'passphrase'});
  const words = 'four words that nobody guesses', takes = {sources: ['passphrase'], passphrase: true};
  const ann = await w.join('ann', takes);
  await knows(w, ann, words);
  await w.command('join bob');
  await w.wait(2500);
  const {epoch} = ann.view();
  await w.allHear(epoch, ['bob']);
  assert.equal(ann.said('announce').at(-1).source, 'passphrase');
  const cy = await w.join('cy', takes); /* its key comes later */
  await w.wait(1000);
  assert.equal(cy.view().maySend, false);
  await knows(w, cy, words);
  await w.wait(2500);
  await w.allHear(epoch + 1, ['bob']);
  const mal = await w.join('mal', takes);
  await knows(w, mal, 'four other words');
  await w.wait(3000);
  await assert.rejects(mal.keys.open('ann', await ann.keys.seal(plain)), code('bad-frame'));
  await assert.rejects(ann.keys.open('mal', await mal.keys.seal(plain)), code('bad-frame'));
  await w.end();
});

/* As if the leader had sealed another secret for cy than it vouches for to all. */
test('a leader whose secret is not what it vouches for is named, and replaced', async () => {
  const w = await World.start({source: 'leader'});
  const ann = await w.join('ann', led);
  await w.wait(1500);
  const bob = await w.join('bob', led), cy = await w.join('cy', led);
  await w.wait(2500);
  await w.allHear(2);
  assert.equal(sourceOf(cy).leader, 'ann');
  const acks = [];
  cy.hear = (stanza) => {
    for (const deliver of stanza.children.filter((c) => c.name === 'deliver'))
      deliver.attrs.confirm = 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA';
    return true;
  };
  cy.say = ({children: [payload]}) => {
    if (payload?.name === 'ack') {
      acks.push(payload.attrs.mismatch);
      cy.hear = undefined;
    }
    return true;
  };
  await w.command('rotate');
  await w.wait(6000);
  assert.equal(cy.said('mismatch')[0].why, 'wrong-confirm');
  assert.notEqual(acks[0], undefined);
  assert.ok(cy.said('announce').at(-1).reasons.includes('leader'));
  assert.notEqual(sourceOf(bob).leader, 'ann');
  await w.allHear(ann.view().epoch);
  assert.equal(cy.view().mismatched, false);
  await w.end();
});

test('who only listens to a leader says a word soon, and again after a while; the leader takes it', async () => {
  const w = await World.start({source: 'leader'});
  const ann = await w.join('ann', led), bob = await w.join('bob', follows), words = [];
  bob.say = ({children: [payload]}) => {
    if (payload?.name === 'session')
      words.push(payload.attrs.to);
    return true;
  };
  await w.wait(8500);
  assert.equal(words.length, 1);
  for (let minute = 0; minute < 20; minute++)
    await w.wait(60000);
  await w.command('rotate');
  await w.wait(2500);
  await w.allHear(bob.view().epoch);
  assert.equal(words.length, 2);
  assert.equal(ann.said('refused').length, 0);
  await w.end();
});
