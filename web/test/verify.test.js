/* tests/vectors/verify.json, and what a verification does with what is not of its turn. */
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {OlmSas} from '../keyroom/olm/sas.js';
import {codeOfRoster} from '../keyroom/page/room_code.js';
import {fromBase64, toBase64, utf8} from '../keyroom/protocol/bytes.js';
import {digest} from '../keyroom/protocol/hash.js';
import {verifyText} from '../keyroom/protocol/signed.js';
import {attestText, readAttest, readRevoke, revokeText} from '../keyroom/verify/attest.js';
import {ownStartStands, Sas, unknownTransaction} from '../keyroom/verify/sas.js';
import {emojiOf, sasCode} from '../keyroom/verify/sas_code.js';
import {infoText, messageText, readMessage, readWordOf, REASONS, wordOf} from '../keyroom/verify/sas_text.js';
import {library, seeded} from './device.js';
import {hex, load, signWithSeed} from './vectors.js';

const vectors = load('verify');
const text = (bytes) => new TextDecoder().decode(bytes);
const code = (name) => ({name: 'KeyroomError', code: name});
const keysOf = (secret) => () => new OlmSas(library, () => hex(secret));
const say = (sas, m, now = 0) => sas.receive(readMessage(messageText(m)), now);

const setupOf = (v, own, peer) => ({room: vectors.room, instance: vectors.instance, own: v[own], peer: v[peer]});

test('room codes', async () => {
  assert.equal(vectors.room_codes.length, 2);
  for (const v of vectors.room_codes)
    assert.equal(await codeOfRoster(fromBase64(v.digest, 32)), v.code);
});

test('both sides of each verification say exactly what is written down', () => {
  assert.equal(vectors.verifications.length, 2);
  for (const v of vectors.verifications) {
    const sent = [];
    const put = (from, messages) => sent.push(...messages.map((m) => ({from, text: text(messageText(m))})));
    const started = Sas.start(setupOf(v, 'initiator', 'responder'), keysOf(v.secrets[0]), () => v.transaction, 0);
    put(0, started.send);
    const answered = Sas.answer(setupOf(v, 'responder', 'initiator'), started.send[0], keysOf(v.secrets[1]), 0);
    put(1, answered.send);
    const a = started.sas, b = answered.sas;
    const key = say(a, answered.send[0]);
    put(0, key);
    const other = say(b, key[0]);
    put(1, other);
    put(0, say(a, other[0]));
    for (const s of [a, b]) {
      assert.deepEqual(s.code, {emoji: v.emoji, numbers: v.numbers});
      assert.equal(text(infoText(s.subject)), v.info);
    }
    const mac = a.confirm(true);
    put(0, mac);
    assert.deepEqual(say(b, mac[0]), []);
    const last = b.confirm(true);
    put(1, last);
    assert.equal(b.state, 'verified');
    const done = say(a, last[0]);
    put(0, done);
    assert.equal(a.state, 'verified');
    assert.deepEqual(sent, v.messages);
    assert.deepEqual([say(a, last[1]), say(b, done[0]), a.peerDone, b.peerDone], [[], [], true, true]);
    for (const m of v.messages)
      assert.equal(text(messageText(readMessage(utf8(m.text)))), m.text);
  }
});

test('attestations and revocations', () => {
  assert.equal(vectors.attestations.length, 2);
  for (const v of vectors.attestations) {
    const {verifier, owner, device, room, issued, expires} = v;
    const t = {verifier, owner, device, room, issued, expires};
    assert.equal(text(attestText(t)), v.text);
    assert.deepEqual(readAttest(utf8(v.text)), t);
    assert.equal(digest(utf8(v.text)), v.digest);
    assert.equal(verifyText(v.ed25519, v.text, v.sig), true);
    const r = readRevoke(utf8(v.revocation));
    assert.deepEqual([r.verifier, r.attestation, text(revokeText(r))], [verifier, v.digest, v.revocation]);
    assert.equal(verifyText(v.ed25519, v.revocation, v.revocation_sig), true);
    const {initiator, responder} = vectors.verifications[0];
    const seed = [initiator, responder].find((d) => d.device === verifier)?.ed25519_seed;
    if (seed)
      assert.equal(toBase64(signWithSeed(seed, attestText(t))), v.sig);
    for (const bad of [v.text.slice(0, -1), v.text.replace('method=sas', 'method=look'), v.text.replace('issued=', 'issued=0'),
                       v.text.replace(`device=${device}`, `device=${verifier}`), v.text.replace(`expires=${expires}`, `expires=${issued}`),
                       v.text.replace(`room=${room}`, 'room='), v.text.replace(String(expires), '253402300800'), v.text.replace('owner', 'ower')])
      assert.throws(() => readAttest(utf8(bad)), code('malformed'), bad);
    for (const bad of [v.revocation + '\n', v.revocation.replace('issued=', 'issued=0'), v.revocation.replace('attestation=', 'attestation=A')])
      assert.throws(() => readRevoke(utf8(bad)), code('malformed'), bad);
  }
});

const [v] = vectors.verifications;

/* Two who compare, or who have come so far: {a, b, transaction}. */
function pair(upTo = 'comparing', random = seeded('sas')) {
  const make = () => new OlmSas(library, random);
  const {sas: a, send: [start]} = Sas.start(setupOf(v, 'initiator', 'responder'), make, () => v.transaction, 0);
  if (upTo === 'started')
    return {a, start};
  const {sas: b, send: [accept]} = Sas.answer(setupOf(v, 'responder', 'initiator'), start, make, 0);
  const [key] = say(a, accept);
  if (upTo === 'keyed')
    return {a, b, start, accept, key};
  const [other] = say(b, key);
  say(a, other);
  return {a, b, start, accept, key, other};
}

const reasonOf = (sas, send) => {
  assert.equal(sas.state, 'cancelled');
  assert.deepEqual(send, [{kind: 'cancel', transaction: v.transaction, reason: sas.reason}]);
  return sas.reason;
};

test('what does not hold cancels, by name', () => {
  const reflected = pair('keyed');
  assert.equal(reasonOf(reflected.a, say(reflected.a, reflected.key)), 'reflected-key');
  const other = pair('keyed');
  assert.equal(reasonOf(other.a, say(other.a, {...other.key, key: toBase64(new Uint8Array(32).fill(9))})), 'bad-commitment');
  const low = ['0000000000000000000000000000000000000000000000000000000000000000', '0100000000000000000000000000000000000000000000000000000000000000',
               'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800', '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
               'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f', 'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
               'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f'];
  for (const key of low) {
    const {b} = pair('keyed');
    assert.equal(reasonOf(b, say(b, {kind: 'key', transaction: v.transaction, key: toBase64(hex(key))})), 'bad-key', key);
  }
  const mac = pair(), [said] = mac.a.confirm(true);
  assert.equal(reasonOf(mac.b, say(mac.b, {...said, ed25519: said.curve25519})), 'bad-mac');
  const mismatch = pair(), cancel = mismatch.a.confirm(false);
  assert.equal(reasonOf(mismatch.a, cancel), 'mismatch');
  assert.deepEqual([say(mismatch.b, cancel[0]), mismatch.b.state, mismatch.b.reason, mismatch.b.byPeer], [[], 'cancelled', 'mismatch', true]);
  const named = pair('started');
  const {sas, send} = Sas.answer(setupOf(v, 'initiator', 'responder'), named.start, () => new OlmSas(library, seeded('x')), 0);
  assert.equal(reasonOf(sas, send), 'wrong-device');
});

test('a message out of turn ends it, one of another transaction does not, and time does', () => {
  for (const m of ['accept', 'key', 'other', 'start']) {
    const p = pair();
    assert.equal(reasonOf(p.a, say(p.a, p[m])), 'out-of-turn', m);
  }
  const early = pair('started');
  assert.equal(reasonOf(early.a, say(early.a, {kind: 'done', transaction: v.transaction})), 'out-of-turn');
  const p = pair(), foreign = '00'.repeat(16), [mac] = p.b.confirm(true);
  assert.deepEqual(say(p.a, {...mac, transaction: foreign}), [{kind: 'cancel', transaction: foreign, reason: 'unknown-transaction'}]);
  assert.deepEqual(say(p.a, {kind: 'cancel', transaction: foreign, reason: 'user'}), []);
  assert.deepEqual(unknownTransaction({kind: 'done', transaction: foreign}), []);
  assert.equal(p.a.state, 'comparing');
  say(p.a, mac);
  assert.equal(reasonOf(p.a, say(p.a, mac)), 'out-of-turn'); /* once */
  assert.deepEqual(p.a.confirm(true), []);
  const late = pair();
  assert.deepEqual(late.a.tick(179999), []);
  assert.equal(reasonOf(late.a, late.a.tick(180000)), 'timeout');
  const machine = pair('keyed');
  assert.equal(reasonOf(machine.a, say(machine.a, machine.accept, 20000)), 'timeout');
  assert.deepEqual(machine.a.cancel('user'), []); /* it is over */
  assert.ok(ownStartStands('00', '01') && !ownStartStands('01', '00'));
});

test('messages have one spelling', () => {
  const p = pair();
  for (const m of [p.start, p.accept, p.key, p.b.confirm(true)[0], ...p.a.confirm(false)]) {
    const good = text(messageText(m));
    assert.deepEqual(readWordOf(wordOf(m)), m);
    for (const bad of [good.slice(0, -1), `${good}\n`, good.replace('keyroom:1:', 'keyroom:2:'), good.replace('sas-', 'sas-x'),
                       good.replace(/=(.)/, (_, c) => `=${c === 'A' ? 'B' : c.toUpperCase()} `), good.replace(/transaction/, 'transactio')])
      assert.throws(() => readMessage(utf8(bad)), code('malformed'), bad);
  }
  for (const bad of [new Uint8Array(0), Uint8Array.of(1), Uint8Array.of(0, ...messageText(p.start)), Uint8Array.of(1, ...new Uint8Array(300))])
    assert.throws(() => readWordOf(bad), code('malformed'));
  assert.throws(() => messageText({kind: 'cancel', transaction: v.transaction, reason: 'no such word'}), code('malformed'));
  assert.equal(Object.keys(REASONS).length, 14);
});

test('the table has 64 pictures, and a code its bits in order', () => {
  const all = Array.from({length: 64}, (_, i) => emojiOf(i));
  assert.equal(new Set(all.map((e) => e.picture)).size, 64);
  assert.deepEqual([all[0].name, all[63].name, all[36].name], ['Dog', 'Pin', 'Thumbs Up']);
  assert.deepEqual(sasCode(Uint8Array.of(255, 255, 255, 255, 255, 255)), {emoji: Array(7).fill(63), numbers: Array(3).fill(9191)});
  assert.deepEqual(sasCode(hex('000000000200')), {emoji: [0, 0, 0, 0, 0, 0, 8], numbers: [1000, 1000, 1001]});
});
