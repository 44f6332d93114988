/* What goes wrong around a page: it says so in words, comes back by itself where it can, and sends nothing in clear. */
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {gapsOf} from './gaps.js';
import {skip, until, withLab} from './lab.js';

const warned = (p, code) => until(`${p.name} is told ${code}`, async () => (await p.said('warning', {code}))[0]);
const refusal = (p) => p.do((kr, config) => kr.open(config).then(() => 'opened', (e) => ({code: e.code, words: e.words})), {name: p.name});

test('an insecure origin has no encryption, and says so', {skip}, withLab({}, async (lab) => {
  const ann = await lab.page('ann');
  await ann.load(lab.url.replace('localhost', 'insecure.example'));
  assert.equal(await ann.do(() => isSecureContext), false);
  const {code, words} = await refusal(ann);
  assert.equal(code, 'no-crypto');
  assert.match(words, /secure connection/);
}));

test('a browser without encoded transforms is refused media; frames by other means are still possible', {skip},
     withLab({}, async (lab) => {
  const ann = await lab.page('ann', {config: {media: false}});
  await ann.do(() => {
    delete window.RTCRtpScriptTransform;
    delete RTCRtpSender.prototype.createEncodedStreams;
  });
  const {code, words} = await refusal(ann);
  assert.equal(code, 'no-transform');
  assert.match(words, /Nothing is sent/);
  await ann.open();
  await ann.do((kr) => kr.meeting.join());
  await lab.keyed([ann]);
  assert.equal(await ann.do((kr) => kr.start().catch((e) => e.code)), 'no-transform');
}));

test("the older encoded streams do where there is no script's transform", {skip}, withLab({}, async (lab) => {
  const ann = await lab.page('ann');
  await ann.do(() => { delete window.RTCRtpScriptTransform; });
  await ann.open();
  await ann.do((kr) => kr.meeting.join());
  await ann.do((kr) => kr.start());
  const bob = await lab.join('bob', {media: {}});
  await lab.keyed([ann, bob]);
  for (const [p, other] of [[ann, 'bob'], [bob, 'ann']])
    await until(`${p.name} sees ${other}`, async () => (await p.decoded())[other]?.frames > 20, 60);
  assert.deepEqual([await gapsOf(ann), await gapsOf(bob)], [0, 0]);
}));

for (const phase of ['announced', 'key', 'committed', 'switched']) {
  test(`the socket is lost: ${phase}`, {skip}, withLab({}, async (lab) => {
    const ann = await lab.join('ann', {config: {media: false}}), bob = await lab.join('bob', {config: {media: false}});
    await lab.keyed([ann, bob]);
    const attach = (await ann.said('report', {kind: 'attached'})).at(-1).attach;
    await ann.do((kr, at) => {
      const once = (event) => {
        if (at !== 'key' && event.detail.phase !== at)
          return;
        kr.meeting.removeEventListener(event.type, once);
        kr.cut();
      };
      kr.meeting.addEventListener(at === 'key' ? 'key' : 'epoch', once);
    }, phase);
    await lab.rotate();
    assert.equal((await warned(ann, 'down')).text, 'The connection is lost. Trying again.');
    await until('ann is back', async () => (await ann.said('report', {kind: 'attached'})).at(-1).attach !== attach, 60);
    await lab.keyed([ann, bob]);
    assert.equal((await ann.state()).warning, null);
  }));
}

test('the server restarts: everybody is back by itself', {skip}, withLab({}, async (lab) => {
  const ann = await lab.join('ann', {config: {media: false}}), bob = await lab.join('bob', {config: {media: false}});
  await lab.keyed([ann, bob]);
  await lab.command('restart-prosody');
  await warned(ann, 'down');
  await until('both are attached again', async () => (await ann.said('report', {kind: 'attached'})).length > 1 &&
    (await bob.said('report', {kind: 'attached'})).length > 1, 60);
  await lab.keyed([ann, bob]);
}));

test('the service is gone: who is in goes on, who comes is told; then it is back', {skip}, withLab({}, async (lab) => {
  const ann = await lab.join('ann', {config: {media: false}}), bob = await lab.join('bob', {config: {media: false}});
  const epoch = await lab.keyed([ann, bob]);
  for (const p of [ann, bob])
    await p.do((kr) => kr.startRelay());
  await lab.command('hang-keyroomd');
  const cy = await lab.join('cy', {config: {media: false}});
  assert.match((await warned(cy, 'service-gone')).text, /key service is not there/);
  const heard = () => ann.do((kr) => kr.relay.heard.get('bob')?.opened ?? 0);
  const before = await heard();
  await until('ann hears bob meanwhile', async () => await heard() > before + 10);
  assert.equal((await ann.state()).epoch, epoch);
  await lab.command('wake-keyroomd');
  await lab.keyed([ann, bob, cy]);
  await lab.command('kill-keyroomd');
  await lab.command('start-keyroomd');
  await until('an epoch that says that the service recovered', async () => (await ann.state()).reasons.includes('recover'));
  await lab.keyed([ann, bob, cy]);
}));

test('a page asleep sends nothing, and wakes up', {skip}, withLab({}, async (lab) => {
  const ann = await lab.join('ann', {media: {}}), bob = await lab.join('bob', {media: {}}), eve = await lab.join('eve', {config: {media: false}});
  const epoch = await lab.keyed([ann, bob, eve]);
  const sleeping = ann.do(() => { /* the page does nothing; its worker goes on */
    const end = performance.now() + 12000;
    while (performance.now() < end);
  });
  await eve.do((kr) => kr.meeting.leave());
  await sleeping;
  await warned(ann, 'asleep');
  const {unsent, sealed} = await ann.counts();
  assert.ok(unsent.asleep > 20, `${unsent.asleep} frames were held back`);
  await until('an epoch without eve', async () => (await ann.state()).epoch > epoch);
  await lab.keyed([ann, bob]);
  const total = (counts) => Object.values(counts).reduce((a, b) => a + b, 0);
  await until('ann sends again', async () => total((await ann.counts()).sealed) > total(sealed) + 20);
  const frames = (await bob.decoded()).ann?.frames ?? 0;
  await until('bob sees ann again', async () => (await bob.decoded()).ann?.frames > frames + 10);
}));

test('who is told another roster sends nothing more, and comes back by leaving', {skip}, withLab({options: {deadline: 10000}}, async (lab) => {
  const ann = await lab.join('ann', {config: {media: false}}), bob = await lab.join('bob', {config: {media: false}});
  await lab.keyed([ann, bob]);
  await ann.do((kr) => {
    kr.alter = (el) => {
      for (const announce of el.children.filter((c) => c.name === 'announce')) /* also in the whole that is asked for */
        announce.attrs[announce.attrs.full === 'true' ? 'roster' : 'check'] = 'A'.repeat(announce.attrs.full === 'true' ? 43 : 8);
      return el;
    };
  });
  await lab.rotate();
  assert.match((await warned(ann, 'mismatch')).text, /told something else/);
  await until('ann sends nothing', async () => !(await ann.state()).sending, 60);
  assert.equal((await ann.state()).mismatched, true);
  assert.equal(await ann.do((kr) => kr.meeting.seal(new Uint8Array(9)).catch((e) => e.code)), 'no-key');
  await ann.do((kr) => {
    kr.alter = undefined;
    kr.meeting.leave();
  });
  await until('the room has seen it', async () => (await bob.do((kr) => kr.meeting.members)).length === 1);
  await ann.do((kr) => kr.meeting.join());
  await lab.keyed([ann, bob]);
  assert.equal((await ann.state()).warning, null);
}));

test('a page is reloaded in mid-meeting: the others see it again, and nothing went out in clear', {skip}, withLab({}, async (lab) => {
  const ann = await lab.join('ann', {media: {}}), bob = await lab.join('bob', {media: {}});
  const epoch = await lab.keyed([ann, bob]);
  await until('bob sees ann', async () => (await bob.decoded()).ann?.frames > 20);
  await ann.load(); /* without a word */
  await ann.open();
  await ann.do((kr) => kr.meeting.join());
  await ann.do((kr) => kr.start({}));
  await until('an epoch with the new attach', async () => (await ann.state()).epoch > epoch);
  await lab.keyed([ann, bob]);
  const opened = async (p, of) => Object.entries((await p.counts()).received[of]?.opened ?? {}).filter(([e]) => e > epoch).reduce((sum, [, n]) => sum + n, 0);
  for (const [p, other] of [[bob, 'ann'], [ann, 'bob']])
    await until(`${p.name} sees ${other} again`, async () => await opened(p, other) > 60 && (await p.decoded())[other]?.frames > 10, 90);
  assert.deepEqual(await ann.said('warning', {code: 'not-encrypted'}), []);
  assert.deepEqual(Object.keys((await bob.counts()).received.ann.refused).filter((code) => code !== 'no-key'), []);
}));

test('garbage for frames is dropped and counted', {skip}, withLab({}, async (lab) => {
  const ann = await lab.join('ann', {config: {media: false}}), bob = await lab.join('bob', {config: {media: false}});
  await lab.keyed([ann, bob]);
  const refused = await ann.do(async (kr) => {
    const codes = [];
    for (const len of [0, 1, 5, 40, 2000])
      codes.push(await kr.meeting.open('bob', crypto.getRandomValues(new Uint8Array(len)).fill(0x19, 0, 1)).catch((e) => e.code));
    codes.push(await kr.meeting.open('nobody', new Uint8Array(40)).catch((e) => e.code));
    return codes;
  });
  assert.ok(refused.every((code) => ['bad-frame', 'no-key'].includes(code)), refused.join());
  const sealed = await bob.do(async (kr) => [...await kr.meeting.seal(new Uint8Array(9))]);
  const open = (who, frame) => ann.do((kr, [w, f]) => kr.meeting.open(w, Uint8Array.from(f)).then(() => 'opened', (e) => e.code), [who, frame]);
  assert.equal(await open('ann', sealed), 'wrong-sender');
  assert.equal(await open('bob', sealed), 'opened');
  assert.equal(await open('bob', sealed), 'replay');
  assert.equal((await ann.state()).sending, true);
}));
