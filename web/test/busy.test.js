/* A busy service: what it put off is repeated, word for word, until it is taken or over (docs/protocol.md 9.3). */
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {make, NS_CLIENT, NS_ERRORS, NS_STANZAS, toXml} from '../keyroom/message/el.js';
import {SERVICE, World} from './world.js';

/* The service, as far as o can tell: `times` requests of that kind are put off. What was asked of it then, as text. */
function busy(w, o, kind, times) {
  const asked = [];
  o.say = ({attrs, children: [payload]}) => {
    if (payload?.name !== kind)
      return true;
    asked.push(toXml(payload));
    if (asked.length > times)
      return true;
    o.refuse = make('iq', NS_CLIENT, {from: SERVICE, id: attrs.id, type: 'error'}, [
      make('error', NS_CLIENT, {type: 'wait'}, [make('resource-constraint', NS_STANZAS), make('busy', NS_ERRORS)]),
    ]);
    return false;
  };
  return asked;
}

/* Time passes, and each refusal that is due comes. */
async function pass(w, o, ms) {
  for (let t = 0; t < ms; t += 50) {
    if (o.refuse) {
      const stanza = o.refuse;
      o.refuse = undefined;
      await w.step(o, {kind: 'stanza', stanza});
    }
    await w.wait(50);
  }
}

for (const kind of ['envelope', 'ack', 'claim']) {
  test(`${kind}: put off three times, and taken`, async () => {
    const w = await World.start();
    const ann = await w.join('ann');
    await w.command('join bob');
    await w.wait(1500);
    await w.allHear(1, ['bob']);
    const cy = await w.add('cy'), o = kind === 'claim' ? cy : ann;
    const asked = busy(w, o, kind, 3);
    if (kind === 'claim')
      await w.step(cy, {kind: 'join'});
    else
      await w.command('rotate');
    await pass(w, o, 4000);
    assert.equal(asked.length, 4);
    assert.equal(new Set(asked).size, 1);
    assert.equal(o.said('refused').length, 0);
    await w.allHear(2, ['bob']);
    await w.end();
  });
}

test('not for ever, and not for an epoch that is over', async () => {
  const w = await World.start();
  const ann = await w.join('ann');
  await w.command('join bob');
  await w.wait(1500);
  const asked = busy(w, ann, 'envelope', 1000);
  await w.command('rotate');
  await pass(w, ann, 30000);
  assert.equal(asked.length, 17);
  assert.deepEqual(ann.said('refused').map((r) => [r.what, r.why]), [['envelope', 'busy']]);
  ann.say = undefined;
  await w.command('rotate');
  await w.wait(4000);
  await w.allHear(ann.view().epoch, ['bob']);
  await w.end();
});

test('a verification that was put off outlives the epoch that it began in', async () => {
  const w = await World.start();
  const ann = await w.join('ann', {attestFor: 3600});
  await w.command('join bob');
  await w.wait(1500);
  await w.command('verify bob ann');
  await w.wait(100);
  const asked = busy(w, ann, 'session', 1);
  await w.step(ann, {kind: 'verify', participant: 'bob'});
  await w.command('rotate');
  await w.wait(1500);
  await pass(w, ann, 3000);
  assert.equal(asked[0], asked[1]);
  assert.equal(ann.said('verify', {step: 'ended'}).length, 0);
  assert.equal(ann.said('verify', {step: 'code'}).length, 1);
  await w.end();
});
