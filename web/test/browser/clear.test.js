/* What passes the forwarding unit: ciphertext under the sender's key and no other; and what is sent wrongly is caught. */
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {FrameKeys} from '../../keyroom/frame/keys.js';
import {skip, until, withLab} from './lab.js';

/* Keys as a page has them, with windows that have seen nothing. as: whose index the frames are opened with. */
async function keysOf(p) {
  const changes = await p.do((kr) => kr.changes.map((c) => ({...c, baseKey: c.baseKey && [...c.baseKey]})));
  return (swap = (participants) => participants) => {
    const keys = new FrameKeys();
    for (const c of changes) {
      if (c.op === 'epoch')
        keys.apply({...c, participants: swap(c.participants)});
      else if (c.op === 'key')
        keys.apply({...c, baseKey: Uint8Array.from(c.baseKey)});
    }
    return keys;
  };
}

async function tapped(lab, name, kind) {
  const response = await fetch(`${lab.url}sfu/tapped?room=${encodeURIComponent(lab.room)}&name=${name}&kind=${kind}`);
  return (await response.json()).map(({payload, marker}) => ({payload: Buffer.from(payload, 'base64'), marker}));
}

/* Frames out of VP8's RTP payloads (RFC 7741), without the first that may be cut: {frame, kind}. */
function vp8Frames(packets) {
  const frames = [];
  let parts = null;
  for (const {payload, marker} of packets) {
    const has = payload[0] & 0x80 ? payload[1] : 0;
    let at = payload[0] & 0x80 ? 2 : 1;
    if (has & 0x80)
      at += payload[at] & 0x80 ? 2 : 1;
    at += (has & 0x40 ? 1 : 0) + (has & 0x30 ? 1 : 0);
    if (payload[0] & 0x10)
      parts = [];
    parts?.push(payload.subarray(at));
    if (marker && parts !== null) {
      const frame = Buffer.concat(parts);
      frames.push({frame: new Uint8Array(frame), kind: frame[0] & 1 ? 'delta' : 'key'});
      parts = null;
    }
  }
  return frames;
}

async function openedOf(keys, participant, frames) {
  let opened = 0;
  for (const {frame, kind} of frames)
    opened += await keys.open(participant, frame, kind).then(() => 1, () => 0);
  return opened;
}

async function framesOf(lab, name) {
  return {
    audio: (await tapped(lab, name, 'audio')).map(({payload}) => ({frame: new Uint8Array(payload), kind: 'audio'})),
    video: vp8Frames(await tapped(lab, name, 'video')),
  };
}

const sends = (p) => until(`${p.name} sends`, async () => {
  const stats = await p.do(async (kr) => [...await kr.call.sending.getStats()].filter(([, s]) => s.type === 'outbound-rtp')
    .map(([, s]) => s.packetsSent));
  return stats.length === 2 && stats.every((n) => n > 30);
});

for (const [format, suite] of [['sframe', 4], ['jframe', 0]]) {
  test(`${format}: each payload opens under its sender's key and under no other`, {skip},
       withLab({options: suite > 0 ? {format, suite} : {format}}, async (lab) => {
    const ann = await lab.join('ann', {media: {}}), bob = await lab.join('bob', {media: {}});
    await lab.keyed([ann, bob]);
    await sends(ann);
    await sends(bob);
    const make = await keysOf(bob);
    for (const [me, other] of [['ann', 'bob'], ['bob', 'ann']]) {
      /* those of before bob came are of an epoch that he has no key of, and go by */
      const {audio, video} = await until(`what ${me} sends opens`, async () => {
        const frames = await framesOf(lab, me), keys = make();
        const sounds = await openedOf(keys, me, frames.audio.slice(-40)), pictures = await openedOf(keys, me, frames.video.slice(-10));
        return sounds === 40 && pictures >= 8 && frames; /* a picture may lack a packet that was sent again later */
      });
      assert.equal(await openedOf(make((who) => who.toReversed()), me, [...audio, ...video]), 0);
      assert.equal(await openedOf(make(), other, [...audio, ...video]), 0);
    }
  }));
}

test('with encryption off the payloads open under no key, and nobody decodes them', {skip}, withLab({}, async (lab) => {
  const ann = await lab.join('ann', {media: {protect: false}}), bob = await lab.join('bob', {media: {}});
  await lab.keyed([ann, bob]);
  await sends(ann);
  const make = await keysOf(bob);
  const {audio, video} = await until('it passes the forwarding unit', async () => {
    const frames = await framesOf(lab, 'ann');
    return frames.audio.length > 30 && frames;
  });
  assert.equal(await openedOf(make(), 'ann', [...audio, ...video]), 0);
  await until('bob is passed what ann sends', async () => {
    const {received} = await bob.counts();
    return Object.values(received.ann?.refused ?? {}).reduce((a, b) => a + b, 0) > 60;
  });
  assert.deepEqual((await bob.counts()).received.ann.opened, {});
  assert.equal((await bob.decoded()).ann.frames, 0);
}));

/* There are no keys, so whatever of these senders passes the forwarding unit is in clear. */
for (const [protect, lateness] of [['late', 0], ['late', 1000], ['removed', 0]]) {
  test(`a sender whose transform is ${protect} (${lateness} ms) is cut off`, {skip}, withLab({}, async (lab, t) => {
    const ann = await lab.page('ann');
    await ann.open();
    await ann.do((kr, ms) => { kr.lateness = ms; }, lateness);
    await ann.do((kr, how) => kr.start({protect: how}), protect);
    const senders = () => ann.do((kr) => Promise.all(kr.call.sending.getTransceivers().map(async ({sender, receiver}) => ({
      kind: receiver.track.kind, cut: sender.track === null,
      encoded: [...(await sender.getStats()).values()].find((s) => s.framesEncoded)?.framesEncoded ?? 0,
    }))));
    const passed = async () => Object.fromEntries(await Promise.all(['audio', 'video'].map(
      async (kind) => [kind, (await tapped(lab, 'ann', kind)).length])));
    /* Browsers judge a transform in a turn of their own: one that is 0 ms late may be in time, and then nothing passes. */
    const mayBeInTime = protect === 'late' && lateness === 0;
    const warnings = async () => (await ann.said('warning', {code: 'not-encrypted'})).length;
    const unsent = async () => (await ann.counts()).unsent['no-key'] ?? 0;
    /* In time is what has sent nothing although there was something to send: pictures, or what came to the worker besides. */
    const isSafe = (s, clear, came, pictures) => s.cut ||
      (mayBeInTime && clear[s.kind] === 0 && (s.kind === 'video' ? pictures > 10 : came - pictures > 10));
    await until('something was cut off, or all goes to the worker', async () => {
      const all = await senders();
      return mayBeInTime ? all.some((s) => s.cut) || await unsent() > 60 : all.every((s) => s.cut);
    });
    const clear = await until('nothing more passes of either', async () => { /* but what was in the encoder */
      const before = await passed();
      await new Promise((r) => setTimeout(r, 1000));
      const after = await passed();
      const came = await unsent(), all = await senders(), pictures = all.find((s) => s.kind === 'video').encoded;
      return after.audio === before.audio && after.video === before.video && all.every((s) => isSafe(s, after, came, pictures)) && after;
    }, 20);
    const cut = (await senders()).filter((s) => s.cut).map((s) => s.kind);
    t.diagnostic(`cut off: ${cut.join(' and ') || 'none'}; passed in clear: ${JSON.stringify(clear)}`);
    await until('a word on each', async () => await warnings() >= cut.length);
    assert.equal(await warnings(), cut.length);
    await ann.do((kr) => Promise.all(kr.call.sending.getTransceivers().filter(({sender}) => sender.track === null).map(
      ({sender, receiver}) => sender.replaceTrack(kr.picture.stream.getTracks().find((track) => track.kind === receiver.track.kind)))));
    await until('another track is cut off as well, with a word', async () =>
      (await senders()).filter((s) => s.cut).length === cut.length && await warnings() === 2 * cut.length);
    assert.deepEqual((await ann.counts()).sealed, {});
  }));
}

test('who is refused keys neither hears nor is heard', {skip}, withLab({options: {authorise: 'registered'}}, async (lab) => {
  /* guests have no owner, so they wait until the operator lets their device in */
  const ann = await lab.join('ann', {media: {}}), bob = await lab.join('bob', {media: {}}), eve = await lab.join('eve', {media: {}});
  for (const p of [ann, bob, eve])
    await until(`${p.name} waits`, async () => (await p.state()).waiting);
  for (const p of [ann, bob])
    await lab.command(`ctl approve ${(await p.said('report', {kind: 'attached'}))[0].device}`);
  await lab.keyed([ann, bob]);
  await until('ann hears bob', async () => (await ann.decoded()).bob?.frames > 20);
  const refusedBy = async (p, name) => Object.values((await p.counts()).received[name]?.refused ?? {}).reduce((a, b) => a + b, 0);
  await until('eve is passed what the others send', async () => await refusedBy(eve, 'ann') > 60 && await refusedBy(eve, 'bob') > 60);
  const {received, sealed, unsent} = await eve.counts();
  assert.deepEqual([received.ann.opened, received.bob.opened, sealed], [{}, {}, {}]);
  assert.ok(unsent['no-key'] > 60);
  const decoded = await eve.decoded();
  assert.deepEqual([decoded.ann.frames, decoded.bob.frames], [0, 0]);
  assert.equal((await ann.decoded()).eve?.frames ?? 0, 0);
  assert.equal((await ann.decoded()).eve?.packets ?? 0, 0);
  assert.equal((await eve.state()).warning, 'waiting');
}));
