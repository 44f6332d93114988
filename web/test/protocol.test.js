/* tests/vectors/protocol.json and ed25519.json: the same inputs give the same bytes as in C. */
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {asKey, concat, fromBase64, toBase64, toHex, utf8} from '../keyroom/protocol/bytes.js';
import {passphraseKey} from '../keyroom/frame/passphrase.js';
import {contextOf} from '../keyroom/protocol/context.js';
import {verify} from '../keyroom/protocol/ed25519.js';
import {pack, unpack} from '../keyroom/protocol/pack.js';
import {policyHash, policyText, readPolicy} from '../keyroom/protocol/policy.js';
import {Roster} from '../keyroom/protocol/roster.js';
import {roundAny, roundCount, roundHas, sealingOf} from '../keyroom/protocol/rounds.js';
import {PASSPHRASE_ITERATIONS} from '../keyroom/protocol/limit.js';
import {
  baseKey, confirmOf, openSealed, passphraseSalt, passphraseSecret, ratchetSecret, sealedPlain,
} from '../keyroom/protocol/schedule.js';
import {attachText, deviceId, keyText, recipientsDigest, sealedText, verifyText} from '../keyroom/protocol/signed.js';
import {hex, load, signWithSeed} from './vectors.js';

const vectors = load('protocol');
const {room, instance} = vectors;
const device = (name) => vectors.devices.find((d) => d.name === name);
const epoch = (number) => vectors.chain.find((e) => e.epoch === number);
const code = (name) => ({name: 'KeyroomError', code: name});

function roster(members, joiners) {
  return new Roster(members.map((name) => ({...device(name), isNew: joiners.includes(name)})));
}

/* The text, and its signature as given and as made here. */
function checkSigned(v, text) {
  const d = device(v.by);
  assert.equal(new TextDecoder().decode(text), v.text);
  assert.equal(toBase64(signWithSeed(d.ed25519_seed, text)), v.sig);
  assert.equal(verifyText(d.ed25519, text, v.sig), true);
  assert.equal(verifyText(d.ed25519, v.text, v.sig), true);
  text[text.length - 2] ^= 1;
  assert.equal(verifyText(d.ed25519, text, v.sig), false);
}

test('devices', () => {
  assert.ok(vectors.devices.length >= 4);
  for (const d of vectors.devices)
    assert.equal(deviceId(d.ed25519, d.curve25519), d.device);
});

test('signed texts', () => {
  assert.equal(vectors.key_texts.length, 2);
  for (const v of vectors.key_texts)
    checkSigned(v, keyText({...device(v.by), kind: v.kind, key: v.key}));
  assert.equal(vectors.attach_texts.length, 4);
  for (const v of vectors.attach_texts)
    checkSigned(v, attachText({...device(v.by), room, instance}));
  assert.equal(vectors.sealed_texts.length, 4);
  for (const v of vectors.sealed_texts) {
    const recipients = recipientsDigest(v.recipients.map((name) => device(name).attach));
    assert.equal(recipients, v.recipients_digest);
    checkSigned(v, sealedText({room, instance, epoch: v.epoch, context: v.context, attach: device(v.by).attach,
                               round: v.round, recipients, confirm: v.confirm}));
  }
});

test('policies', () => {
  assert.equal(vectors.policies.length, 3);
  for (const v of vectors.policies) {
    const {authorise, approval, source, format, suite, rotate} = v;
    const policy = {authorise, approval, source, leaderAbove: v.leader_above, format, suite, rotate,
                    ...(authorise === 'verified' ?
                      {verifiedBy: v.verified_by, verifiers: v.verifiers, verifiedFor: v.verified_for} : {})};
    const text = policyText(policy, v.room);
    assert.equal(new TextDecoder().decode(text), v.text);
    assert.equal(toBase64(text), v.wire);
    assert.deepEqual(readPolicy(fromBase64(v.wire), v.room), policy);
    assert.equal(policyHash(policy, v.room), v.hash);
    assert.throws(() => readPolicy(text, 'other@conference.example.org'), code('malformed'));
    for (const [from, to] of [['source=', 'source=x'], ['suite=', 'suite=0'], ['rotate', 'rotato'],
                              ['authorise=', 'authorise=all'], ['\napproval', '\n\napproval'], ['format', ' format']]) {
      assert.ok(v.text.includes(from));
      assert.throws(() => readPolicy(utf8(v.text.replace(from, to)), v.room), code('malformed'), to);
    }
    for (const cut of [v.text.slice(0, -1), v.text + '\n', v.text + 'more=1\n', v.text.slice(1), ''])
      assert.throws(() => readPolicy(utf8(cut), v.room), code('malformed'));
    assert.throws(() => readPolicy(concat(text, Uint8Array.of(0xff)), v.room), code('malformed'));
  }
});

test('rosters', () => {
  assert.equal(vectors.rosters.length, 4);
  for (const v of vectors.rosters) {
    const r = roster(v.given, v.new);
    assert.equal(r.digest, v.digest);
    assert.equal(r.length, v.order.length);
    v.order.forEach((name, i) => {
      assert.equal(toHex(r.line(i)), device(name).line);
      assert.equal(r.find(device(name).attach), i);
      assert.equal(r.findParticipant(device(name).participant), i);
    });
  }
  assert.equal(roster(['alice'], []).find(device('bob').attach), -1);
  assert.throws(() => roster(['alice', 'bob', 'alice'], []), code('roster-mismatch'));
  assert.throws(() => new Roster([device('alice'), {...device('bob'), participant: device('alice').participant}]),
                code('roster-mismatch'));
  assert.throws(() => new Roster([device('alice'), {...device('bob'), attach: device('alice').attach}]),
                code('roster-mismatch'));
});

test('the chain of contexts', () => {
  assert.equal(vectors.chain.length, 6);
  let prev = null;
  for (const v of vectors.chain) {
    const link = {epoch: v.epoch, kind: v.kind, source: v.source, format: v.format, suite: v.suite,
                  leader: v.leader && device(v.leader).attach,
                  policy: vectors.policies[v.policy].hash, roster: vectors.rosters[v.roster].digest,
                  log: v.log === undefined ? null
                    : {origin: v.log.origin, keyId: hex(v.log.key_id), size: v.log.size, root: v.log.root}};
    const context = contextOf(room, instance, prev, link);
    assert.equal(context, v.context);
    prev = context;
  }
});

test('the key schedule', () => {
  assert.equal(vectors.ratchets.length, 1);
  for (const v of vectors.ratchets)
    assert.equal(toHex(ratchetSecret(hex(v.parent), epoch(v.epoch).context)), v.secret);
  assert.equal(vectors.base_keys.length, 3);
  for (const v of vectors.base_keys)
    assert.equal(toHex(baseKey(hex(v.secret), epoch(v.epoch).context, hex(device(v.sender).line))), v.base_key);
  assert.equal(vectors.sealed.length, 3);
  for (const v of vectors.sealed) {
    const of = [epoch(v.epoch).context, hex(device(v.sender).line), hex(device(v.recipient).line)];
    assert.equal(toHex(sealedPlain(hex(v.secret), ...of)), v.plain);
    assert.equal(toHex(openSealed(hex(v.plain), ...of)), v.secret);
    assert.throws(() => openSealed(hex(v.plain), of[0], of[2], of[1]), code('context-mismatch'));
    assert.throws(() => openSealed(hex(v.plain), epoch(1).context, of[1], of[2]), code('context-mismatch'));
    assert.throws(() => openSealed(hex(v.plain).slice(1), ...of), code('cannot-open'));
  }
});

test('who seals for whom', () => {
  assert.deepEqual([...new Set(vectors.rounds.map((v) => v.source))].sort(), ['leader', 'participants']);
  for (const v of vectors.rounds) {
    const r = roster(v.order, v.new);
    const sealing = sealingOf(r, {kind: v.kind, source: v.source, leader: v.leader && device(v.leader).attach});
    for (const [round, senders] of [['1', v.round1], ['2', v.round2]]) {
      assert.equal(senders.length, r.length);
      senders.forEach((want, s) => {
        const made = [...Array(r.length).keys()].filter((to) => roundHas(sealing, round, s, to));
        assert.deepEqual(made, want);
        assert.equal(roundCount(sealing, round, s), want.length);
      });
    }
    for (let s = 0; s < r.length; s++)
      for (let to = 0; to < r.length; to++)
        assert.equal(roundAny(sealing, s, to), v.round1[s].includes(to) || v.round2[s].includes(to));
  }
});

test('what a leader vouches for, and what follows from a passphrase', async () => {
  assert.equal(vectors.confirms.length, 1);
  for (const v of vectors.confirms)
    assert.equal(confirmOf(epoch(v.epoch).context, hex(v.secret)), v.confirm);
  assert.equal(vectors.passphrases.length, 1);
  for (const v of vectors.passphrases) {
    const key = await passphraseKey(v.passphrase, passphraseSalt(room, instance), PASSPHRASE_ITERATIONS, 32);
    assert.equal(toHex(key), v.key);
    assert.equal(toHex(passphraseSecret(key, epoch(v.epoch).context)), v.secret);
  }
});

test('packings', () => {
  const all = Object.values(vectors.packings);
  assert.equal(all.length, 3);
  for (const v of all) {
    const entries = v.entries.map((e) => ({...e, body: hex(e.body)}));
    assert.equal(toHex(pack(entries)), v.bytes);
    assert.equal(toBase64(pack(entries)), v.wire);
    assert.deepEqual(unpack(fromBase64(v.wire)), entries);
  }
  const one = (index, type, body) => pack([{index, type, body: new Uint8Array(body)}]);
  assert.equal(unpack(one(4095, 1, 512)).length, 1);
  for (const bad of [one(0, 3, 1), one(0, 0, 0), one(0, 1, 513), one(0, 2, 2), one(0, 2, 1), one(0, 0, 5).slice(0, -1),
                     concat(one(0, 0, 5), Uint8Array.of(0))])
    assert.throws(() => unpack(bad), code('malformed'));
  for (const bad of [one(4096, 0, 1), concat(one(1, 0, 1), one(1, 0, 1)), concat(one(2, 0, 1), one(1, 0, 1))])
    assert.throws(() => unpack(bad), code('wrong-recipients'));
});

test('base64 has one spelling', () => {
  for (let len = 0; len < 70; len++) {
    const bytes = Uint8Array.from({length: len}, (_, i) => (i * 89 + len * 57) & 255);
    const text = Buffer.from(bytes).toString('base64').replace(/=+$/, '');
    assert.equal(toBase64(bytes), text);
    assert.deepEqual(fromBase64(text), bytes);
    assert.deepEqual(fromBase64(text, len), bytes);
    assert.throws(() => fromBase64(text, len + 1), code('bad-base64'));
  }
  for (const bad of ['A', 'AB', 'AAB', 'AA==', 'AAA=', 'AA A', ' AAAA', 'AAAA\n', 'AA-_', 'AAé', 'AAA\u0141', 'AAAAA'])
    assert.throws(() => fromBase64(bad), code('bad-base64'), bad);
  assert.throws(() => asKey(device('alice').ed25519.slice(0, -1) + 'B'), code('bad-base64'));
});

test('what may not be signed', () => {
  const good = {...device('alice'), room, instance};
  assert.throws(() => attachText({...good, participant: 'a\nb'}), code('malformed'));
  assert.throws(() => attachText({...good, participant: 'a\u0085'}), code('malformed'));
  assert.throws(() => attachText({...good, participant: '\ud800'}), code('malformed'));
  assert.throws(() => attachText({...good, nonce: good.nonce.toUpperCase()}), code('malformed'));
  assert.throws(() => attachText({...good, attach: good.attach + '\n'}), code('malformed'));
});

test('signatures at the edges', () => {
  const {cases} = load('ed25519');
  assert.ok(cases.length >= 40 && cases.filter((v) => v.valid).length >= 5);
  for (const v of cases)
    assert.equal(verify(hex(v.public), hex(v.message), hex(v.sig)), v.valid, v.name);
});
