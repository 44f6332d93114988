/* What a client refuses from a service, or a peer, that lies (docs/protocol.md 3.5, 5.1 - 5.8, 6.3, 7.2). */
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {make, NS, NS_CLIENT} from '../keyroom/message/el.js';
import {fromBase64, tagOf, toBase64, utf8} from '../keyroom/protocol/bytes.js';
import {pack, unpack} from '../keyroom/protocol/pack.js';
import {policyText} from '../keyroom/protocol/policy.js';
import {World, ROOM, SERVICE} from './world.js';

const code = (name) => ({name: 'KeyroomError', code: name});
const plain = Uint8Array.of(1, 2, 3);
const ZERO = 'A'.repeat(43);

async function two() {
  const w = await World.start();
  const ann = await w.join('ann'), bob = await w.join('bob');
  await w.wait(1500);
  await w.allHear(1);
  return {w, ann, bob};
}

const payloadOf = (stanza) => stanza.children.find((c) => c.ns === NS);

/* Bends the next `times` payloads of that name that o hears; bend may return false to lose it. */
function bend(o, name, times, how) {
  o.hear = (stanza) => {
    const payload = payloadOf(stanza);
    if (payload?.name !== name || times === 0)
      return true;
    times--;
    return how(payload) !== false;
  };
}

const setAttr = (name, value) => (payload) => { payload.attrs[name] = value; };
const event = (payload, from = SERVICE, type = 'headline') => make('message', NS_CLIENT, {from, type}, [payload]);

/* Of a full announce; a brief one, which does not say it, goes on from another roster. */
const inFull = (how) => (a) => (a.attrs.full === 'true' ? how : setAttr('check', 'AAAAAAAA'))(a);

/* An announce that does not hold is asked for in full, and heals. */
for (const [what, how] of [
  ['another roster digest', inFull(setAttr('roster', ZERO))], ['another size', inFull(setAttr('size', '7'))],
  ['another previous context', inFull(setAttr('prev-context', ZERO))],
  ['no previous epoch', inFull((a) => { delete a.attrs.prev; delete a.attrs['prev-context']; })],
  ['no policy', inFull((a) => { a.children = a.children.filter((c) => c.name !== 'policy'); })],
  ['a ratchet without joiners', setAttr('kind', 'ratchet')],
  ['a part of two', (a) => { a.attrs.part = '2'; a.attrs.of = '2'; }],
]) {
  test(`an announce with ${what}: once it heals, and again it is a mismatch`, async () => {
    const {w, ann, bob} = await two();
    bend(bob, 'announce', 1, how);
    await w.command('rotate');
    await w.wait(4000);
    await w.allHear(2);
    assert.equal(bob.said('refused', {what: 'announce'}).length, 1);
    assert.equal(bob.said('mismatch').length, 0);
    bend(bob, 'announce', Infinity, how);
    await w.command('rotate');
    await w.wait(30000);
    assert.equal(bob.view().mismatched || bob.said('stop', {why: 'unresolved'}).length > 0, true);
    assert.equal(bob.view().maySend, false);
    await assert.rejects(bob.keys.seal(plain), code('no-key'));
    assert.equal(ann.view().maySend, true);
    await w.end();
  });
}

test('a malformed announce is refused, and nothing else changes', async () => {
  const {w, bob} = await two();
  const before = bob.view();
  for (const [name, value] of [['epoch', '02'], ['epoch', '2147483648'], ['kind', 'other'], ['source', 'nobody'],
                               ['instance', 'A'.repeat(32)], ['roster', ZERO + '='], ['deadline', '-1'],
                               ['reason', 'join join'], ['reason', ''], ['full', 'yes'], ['of', '1'], ['room', 'a/b']]) {
    const attrs = {room: ROOM, full: 'true', instance: before.instance, epoch: '2', reason: 'manual', kind: 'fresh',
                   source: 'participants', deadline: '2000', size: '2', roster: ZERO, prev: '1', 'prev-context': ZERO,
                   [name]: value};
    await w.step(bob, {kind: 'stanza', stanza: event(make('announce', NS, attrs))});
  }
  for (const [name, value] of [['check', 'AAAAAAA'], ['check', 'AAAAAAA='], ['prev', '2'], ['prev', '0'], ['committed', '2'],
                               ['source', 'nobody'], ['epoch', '1'], ['in', 'A'], ['full', 'true']]) {
    const attrs = {in: tagOf(before.instance), epoch: '2', reason: 'manual', deadline: '2000', check: 'AAAAAAAA', [name]: value};
    await w.step(bob, {kind: 'stanza', stanza: event(make('announce', NS, attrs))});
  }
  assert.equal(bob.said('refused', {what: 'announce'}).length, 21);
  assert.deepEqual(bob.view(), before);
  await w.command('rotate');
  await w.wait(1500);
  await w.allHear(2);
  await w.end();
});

test('an epoch that is not above what was announced is refused', async () => {
  const {w, bob} = await two();
  let kept = null;
  bend(bob, 'announce', 1, (a) => { kept = structuredClone(a); });
  await w.command('rotate');
  await w.wait(1500);
  await w.command('rotate');
  await w.wait(1500);
  await w.step(bob, {kind: 'stanza', stanza: event(kept)});
  assert.equal(bob.said('refused', {what: 'announce', why: 'epoch-not-above'}).length, 1);
  await w.allHear(3);
  await w.end();
});

test('what others than the service say is nobody\'s word', async () => {
  const {w, bob} = await two();
  let commit = null;
  bend(bob, 'commit', 1, (n) => { commit = structuredClone(n); return false; });
  await w.command('rotate');
  await w.wait(500);
  assert.ok(commit);
  const mute = bob.reports.length;
  for (const stanza of [event(commit, 'mallory@example.org/1'), event(commit, `${ROOM}/keyroom`), event(commit, SERVICE + '/x'),
                        event(commit, SERVICE, 'chat'), event({...commit, ns: 'urn:keyroom:2'}),
                        event({...commit, attrs: {...commit.attrs, in: 'AAAAAAAA'}}),
                        {...event(commit), ns: 'jabber:server'}])
    await w.step(bob, {kind: 'stanza', stanza});
  assert.equal(bob.reports.length, mute);
  assert.equal(bob.view().epoch, 1);
  await w.step(bob, {kind: 'stanza', stanza: event(commit)});
  assert.equal(bob.view().epoch, 2);
  await w.end();
});

test('a line whose attach does not verify is not sealed for', async () => {
  const {w, ann} = await two();
  bend(ann, 'announce', Infinity, (a) => {
    for (const m of a.children.filter((c) => c.name === 'member' && c.attrs.participant === 'cy'))
      m.attrs.nonce = '0'.repeat(32);
  });
  const cy = await w.join('cy');
  await w.wait(5000);
  assert.deepEqual(ann.said('refused', {what: 'line', why: 'bad-signature'})[0].who, ['cy']);
  assert.equal(cy.view().missing, 1);
  await assert.rejects(cy.keys.open('ann', await ann.keys.seal(plain)), code('no-key'));
  await assert.rejects(ann.keys.open('cy', await cy.keys.seal(plain)), code('no-key'));
  await w.end();
});

test('a line that presence does not show is sealed for as soon as it does', async () => {
  const {w, ann} = await two();
  let shown = null;
  ann.hear = (stanza) => {
    if (stanza.name !== 'presence' || !stanza.attrs.from.endsWith('/cy'))
      return true;
    shown = stanza;
    return false;
  };
  const cy = await w.join('cy');
  await w.wait(4000);
  assert.deepEqual(ann.said('refused', {what: 'line', why: 'not-in-presence'})[0].who, ['cy']);
  assert.equal(cy.view().missing, 1);
  ann.hear = null;
  await w.step(ann, {kind: 'stanza', stanza: shown});
  await w.wait(1500);
  await w.allHear(2);
  await w.end();
});

test('presence with another device, with two, or with a bad one, shows nobody', async () => {
  for (const change of [(d) => { d.attrs.id = '0'.repeat(32); }, (d, all) => { all.push(structuredClone(d)); },
                        (d) => { d.attrs.id = d.attrs.id.toUpperCase() + 'A'; }]) {
    const {w, ann} = await two();
    ann.hear = (stanza) => {
      if (stanza.name === 'presence' && stanza.attrs.from.endsWith('/cy'))
        change(stanza.children.find((c) => c.name === 'device'), stanza.children);
      return true;
    };
    const cy = await w.join('cy');
    await w.wait(4000);
    assert.equal(cy.view().missing, 1);
    assert.equal(ann.said('refused', {what: 'line', why: 'not-in-presence'}).length, 1);
    await w.end();
  }
});

test('a claimed key with a bad signature opens no session', async () => {
  const w = await World.start();
  const ann = await w.join('ann'), cy = await w.add('cy');
  await w.wait(1500);
  for (const o of [ann, cy])
    bend(o, 'claimed', Infinity, (r) => {
      for (const k of r.children)
        k.attrs.sig = (k.attrs.sig[0] === 'A' ? 'B' : 'A') + k.attrs.sig.slice(1);
    });
  await w.step(cy, {kind: 'join'});
  await w.wait(8000);
  for (const o of [ann, cy]) {
    assert.ok(o.said('refused', {what: 'key', why: 'bad-signature'}).length > 0);
    assert.equal(o.view().missing, 1);
  }
  await w.end();
});

test('a ciphertext that does not open is asked for again, in a new session', async () => {
  const {w, ann, bob} = await two();
  bend(bob, 'deliver', 1, (d) => {
    const entries = unpack(fromBase64(d.text));
    entries[0].body[entries[0].body.length - 1] ^= 1;
    d.text = toBase64(pack(entries));
  });
  await w.command('rotate');
  await w.wait(3000);
  assert.equal(bob.said('refused', {what: 'key', why: 'cannot-open'}).length, 1);
  await w.allHear(2);
  assert.equal(ann.said('refused').length, 0);
  await w.end();
});

test('two who are told different policies hear nothing of each other, and say so', async () => {
  const {w, ann, bob} = await two();
  const other = {authorise: 'occupants', approval: 'operator', source: 'participants', leaderAbove: 0, format: 'sframe', suite: 4,
                 rotate: 77};
  bend(bob, 'announce', Infinity, (a) => {
    a.children = [...a.children.filter((c) => c.name !== 'policy'),
                  make('policy', NS, {}, [], toBase64(policyText(other, ROOM)))];
  });
  await w.command('rotate');
  await w.wait(20000);
  assert.equal(bob.view().maySend, false);
  assert.ok(bob.said('mismatch').length > 0 || bob.said('stop').length > 0);
  assert.equal(ann.view().maySend, true);
  await w.end();
});

test('a seat that our roster does not have is a mismatch, and only a new attach heals it', async () => {
  const {w, ann, bob} = await two();
  await w.step(bob, {kind: 'stanza', stanza: event(make('wanted', NS, {in: tagOf(bob.view().instance), epoch: 1, for: '5'}))});
  assert.equal(bob.view().mismatched, true);
  assert.equal(bob.said('mismatch', {why: 'not-in-roster'}).length, 1);
  await w.command('rotate');
  await w.wait(8000);
  assert.equal(bob.view().maySend, false);
  await w.step(bob, {kind: 'detach'});
  await w.step(bob, {kind: 'join'});
  await w.wait(6000);
  assert.equal(bob.view().mismatched, false);
  await w.command('rotate');
  await w.wait(3000);
  await w.allHear(ann.view().epoch);
  await w.end();
});

test('a policy below the floor is not attached to', async () => {
  for (const config of [{floor: 'members'}, {floor: 'registered'}, {format: 'jframe'}]) {
    const w = await World.start();
    const ann = await w.join('ann', config);
    await w.wait(30000);
    assert.equal(ann.view().member, false);
    assert.equal(ann.said('refused', {what: 'challenge', why: 'below-floor'}).length, 1); /* and not asked again */
    await w.end();
  }
});

test('a policy with a key source that is not known is not attached to', async () => {
  const w = await World.start();
  const ann = await w.add('ann');
  bend(ann, 'challenge', Infinity, (r) => {
    const policy = r.children.find((c) => c.name === 'policy');
    const text = new TextDecoder().decode(fromBase64(policy.text));
    policy.text = toBase64(utf8(text.replace('source=participants', 'source=somebody')));
  });
  await w.step(ann, {kind: 'join'});
  await w.wait(30000);
  assert.equal(ann.view().member, false);
  assert.ok(ann.said('refused', {what: 'challenge', why: 'malformed'}).length > 0);
  assert.equal(ann.said('attached').length, 0);
  await w.end();
});

test('whose challenge names somebody else does not sign it', async () => {
  for (const how of [setAttr('participant', 'bob'), setAttr('owner', 'bob@example.org'), setAttr('room', 'other@muc.example.org')]) {
    const w = await World.start();
    const ann = await w.add('ann');
    bend(ann, 'challenge', Infinity, how);
    await w.step(ann, {kind: 'join'});
    await w.wait(20000);
    assert.equal(ann.said('refused', {what: 'challenge', why: 'wrong-participant'}).length, 1);
    assert.equal(ann.view().member, false);
    await w.end();
  }
});

test('the owner of a token is signed by who knows it to be its own', async () => {
  for (const [owner, signs] of [['token:acme:1', true], ['token:acme:2', false], [undefined, false]]) {
    const w = await World.start();
    const ann = await w.add('ann', {owner});
    bend(ann, 'challenge', Infinity, setAttr('owner', 'token:acme:1'));
    await w.step(ann, {kind: 'join'});
    await w.wait(20000);
    /* The service, which said otherwise, refuses what was signed. */
    assert.equal(ann.said('refused', {what: 'challenge', why: 'wrong-participant'}).length > 0, !signs);
    assert.equal(ann.said('refused', {what: 'attach', why: 'wrong-participant'}).length > 0, signs);
    await w.end();
  }
});

test('a kick ends the keys, and it does not come back by itself', async () => {
  const {w, bob} = await two();
  const x = make('x', 'http://jabber.org/protocol/muc#user', {}, [
    make('status', 'http://jabber.org/protocol/muc#user', {code: 307}), make('status', 'http://jabber.org/protocol/muc#user', {code: 110}),
  ]);
  await w.step(bob, {kind: 'stanza', stanza: make('presence', NS_CLIENT, {from: `${ROOM}/bob`, type: 'unavailable'}, [x])});
  assert.equal(bob.view().maySend, false);
  assert.equal(bob.said('left', {why: 'kicked'}).length, 1);
  await w.wait(6000);
  assert.equal(bob.view().joined, false);
  assert.equal(bob.view().held, 0);
  await w.end();
});

/* Whatever is altered in what is heard: no fault, no frame in clear, and in time everything is well again. */
for (let seed = 1; seed <= 6; seed++) {
  test(`altered stanzas: seed ${seed}`, async () => {
    let s = seed * 7919;
    const random = (n) => {
      s = (Math.imul(s, 1103515245) + 12345) & 0x7fffffff;
      return (s >>> 8) % n;
    };
    const alter = (el) => {
      const all = [];
      (function walk(e) { all.push(e); e.children.forEach(walk); })(el);
      const e = all[random(all.length)];
      const names = Object.keys(e.attrs);
      const name = names[random(names.length || 1)];
      switch (random(6)) {
      case 0:
        delete e.attrs[name];
        break;
      case 1:
        if (name !== undefined)
          e.attrs[name] = ['', '0', 'x', '99999999999999999999', 'A'.repeat(43), 'é\u0000', '__proto__'][random(7)];
        break;
      case 2:
        e.text = e.text.slice(random(8)) + ['', '=', 'AAAA', '\ud800'][random(4)];
        break;
      case 3:
        e.children.splice(random(e.children.length + 1), 1);
        break;
      case 4:
        e.children.push(...structuredClone(e.children.slice(0, 2)));
        break;
      default:
        e.name = ['announce', 'deliver', 'commit', 'wanted', 'detached', 'constructor'][random(6)];
      }
    };
    const w = await World.start();
    const ann = await w.join('ann'), bob = await w.join('bob');
    await w.command('join cy');
    await w.wait(1500);
    bob.hear = (stanza) => {
      if (random(3) === 0)
        alter(stanza);
      return true;
    };
    for (let i = 0; i < 25; i++) {
      await w.command('rotate');
      await w.wait(1200 + random(3000));
      if (random(4) === 0)
        await w.step(bob, {kind: ['detach', 'join'][random(2)]});
    }
    bob.hear = null;
    await w.step(bob, {kind: 'leave'});
    await w.wait(12000);
    await w.step(bob, {kind: 'join'});
    await w.wait(70000);
    await w.command('rotate');
    await w.wait(5000);
    await w.allHear(ann.view().epoch, ['cy']);
    await w.end();
  });
}
