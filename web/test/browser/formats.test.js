/* A page and a participant in C exchange sealed frames over the relay, in every frame format and from every key source that needs
 * no device of the service, over a rotation. */
import assert from 'node:assert/strict';
import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {test} from 'node:test';
import {skip, until, withLab} from './lab.js';

/* Both hear each other, before and after a rotation, and were told the same. */
async function hearEachOther(lab, ann) {
  const first = await lab.keyed([ann], ['zoe']);
  await ann.do((kr) => kr.startRelay());
  const both = (epoch) => until(`both open frames of epoch ${epoch}`, async () =>
    lab.events.some((e) => e.peer === 'zoe' && e.event === 'first-frame' && e.from === 'ann' && e.epoch === epoch) &&
    (await ann.counts()).received.zoe?.opened[epoch] > 5);
  await both(first);
  await lab.rotate();
  await until('the next epoch', async () => (await ann.state()).epoch > first);
  await both(await lab.keyed([ann], ['zoe']));
  const announced = (await ann.said('report', {kind: 'announce'})).at(-1);
  assert.equal(lab.said('zoe', 'announce').context, announced.context);
  return announced;
}

for (const [format, suite] of [['sframe', 1], ['sframe', 2], ['sframe', 3], ['sframe', 4], ['sframe', 5], ['jframe', 0]]) {
  test(`${format} ${suite}`, {skip}, withLab({options: suite > 0 ? {format, suite} : {format}}, async (lab) => {
    const ann = await lab.join('ann', {config: {media: false}});
    await lab.command('peer zoe');
    await hearEachOther(lab, ann);
  }));
}

for (const pageLeads of [true, false]) {
  test(`source leader: ${pageLeads ? 'the page' : 'the participant in C'}`, {skip}, withLab({options: {source: 'leader'}}, async (lab) => {
    const ann = await lab.join('ann', {config: {media: false, sources: ['leader'], lead: pageLeads}});
    await lab.command(`peer zoe --sources leader ${pageLeads ? '' : '--lead'}`);
    const {source, leader} = await hearEachOther(lab, ann);
    assert.deepEqual([source, leader], ['leader', pageLeads ? 'ann' : 'zoe']);
  }));
}

test('source passphrase', {skip}, withLab({options: {source: 'passphrase'}}, async (lab) => {
  const file = join(lab.folder, 'passphrase'), passphrase = 'vier Wörter, die niemand errät';
  writeFileSync(file, passphrase + '\n', {mode: 0o600});
  const ann = await lab.join('ann', {config: {media: false, sources: ['passphrase'], passphrase}});
  await lab.command(`peer zoe --sources passphrase --passphrase-file ${file}`);
  assert.equal((await hearEachOther(lab, ann)).source, 'passphrase');
}));
