/* A page and a keyroom-peer verify each other, in a real room; and what a page is told of it. */
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {skip, until, withLab} from './lab.js';

const config = {media: false};
const trust = async (p, who) => (await p.do((kr) => kr.meeting.members)).find((m) => m.participant === who)?.trust;
const step = async (p, name) => (await p.said('verify', {step: name})).at(-1);
const isLoaded = (p) => p.do(() => performance.getEntriesByType('resource').some((r) => r.name.endsWith('/verify/index.js')));
const says = (lab, peer, kind, facts) => lab.events.filter((e) => e.peer === peer && e.event === kind &&
  Object.entries(facts).every(([k, v]) => JSON.stringify(e[k]) === JSON.stringify(v)));

test('a page and a participant in C verify each other, by people who compare one code', {skip}, withLab({}, async (lab) => {
  await lab.command('peer zoe');
  const ann = await lab.join('ann', {config}), bob = await lab.join('bob', {config});
  await lab.keyed([ann, bob], ['zoe']);
  assert.equal(await isLoaded(ann), false);
  await ann.do((kr) => kr.meeting.verify('zoe'));
  await until('zoe is asked', () => says(lab, 'zoe', 'verify', {step: 'asked', who: 'ann'}).length === 1);
  await lab.command('tell zoe "verify ann"');
  const {numbers, emoji} = await until('ann sees a code', () => step(ann, 'code'));
  await until('zoe sees the same', () => says(lab, 'zoe', 'verify', {
    step: 'code', numbers, emoji: emoji.map(({picture, name}) => [picture, name]),
  }).length === 1);
  await lab.command('tell zoe "match ann"');
  await ann.do((kr) => kr.meeting.answer('zoe', true));
  await until('both are verified', async () => await trust(ann, 'zoe') === 'verified' &&
    says(lab, 'zoe', 'trust', {who: 'ann', trust: 'verified'}).length === 1);
  assert.deepEqual([await trust(ann, 'bob'), await trust(bob, 'zoe'), await isLoaded(ann), await isLoaded(bob)], ['none', 'none', true, false]);

  /* it outlasts a reload: the device is kept, and its word comes back from the service */
  await ann.load();
  await ann.open();
  await ann.do((kr) => kr.meeting.join());
  await lab.keyed([ann, bob], ['zoe']);
  await until('ann knows zoe again', async () => await trust(ann, 'zoe') === 'verified');

  /* between pages: one says that the codes differ, and both are told so loudly */
  await ann.do((kr) => kr.meeting.verify('bob'));
  await until('bob is asked', () => step(bob, 'asked'));
  await bob.do((kr) => kr.meeting.verify('ann'));
  for (const p of [ann, bob])
    await until(`${p.name} sees a code`, () => step(p, 'code'));
  await ann.do((kr) => kr.meeting.answer('bob', false));
  for (const p of [ann, bob])
    await until(`${p.name} is warned`, async () => (await p.said('warning', {code: 'codes-differ'})).length === 1);
  assert.match((await ann.said('warning', {code: 'codes-differ'}))[0].text, /may be reading/);
  assert.equal(await trust(ann, 'bob'), 'none');

  /* somebody comes under zoe's name with another device */
  await lab.command('tell zoe quit');
  await until('zoe has left', async () => (await trust(ann, 'zoe')) === undefined);
  const other = await lab.join('zoe', {config});
  await lab.keyed([ann, bob, other]);
  await until('ann is warned', async () => await trust(ann, 'zoe') === 'changed' && (await ann.said('warning', {code: 'changed'})).length === 1);
}));

test('the log of the service is proved, and remembered over a reload', {skip}, withLab({}, async (lab) => {
  const ann = await lab.join('ann', {config});
  await lab.keyed([ann]);
  const known = () => ann.do(() => JSON.parse(localStorage.getItem(Object.keys(localStorage).find((k) => k.startsWith('keyroom log of ')))));
  const first = await until('a log is remembered', async () => {
    const log = await known();
    return log?.seen.size > 0 && log;
  });
  await until('an epoch is proved', async () => (await ann.said('report', {kind: 'proved'})).length > 0, 90);
  assert.deepEqual(await ann.said('report', {kind: 'alarm'}), []);
  /* the browser remembers a longer log than the service has */
  await ann.do((kr, size) => {
    const name = Object.keys(localStorage).find((k) => k.startsWith('keyroom log of ')), log = JSON.parse(localStorage.getItem(name));
    log.seen.size = size;
    localStorage.setItem(name, JSON.stringify(log));
    Storage.prototype.setItem = () => {}; /* of this page, which goes; it would write over it what it is told meanwhile */
  }, first.seen.size + 100000);
  await ann.load();
  await ann.open();
  await ann.do((kr) => kr.meeting.join());
  await until('ann is told', async () => (await ann.said('warning', {code: 'log'})).length === 1);
  assert.equal((await ann.state()).sending, false);
}));
