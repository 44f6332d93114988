/* Olm as the client uses it: bytes in and out, bound to identities, nothing but libolm's own form. */
import assert from 'node:assert/strict';
import {test} from 'node:test';
import Olm from '@matrix-org/olm';
import {loadOlm, OlmAccount} from '../keyroom/olm/olm.js';
import {isNormal, isPrekey} from '../keyroom/olm/wire.js';
import {concat, fromBase64} from '../keyroom/protocol/bytes.js';
import {NORMAL, PREKEY} from '../keyroom/protocol/pack.js';
import {verifyText} from '../keyroom/protocol/signed.js';
import {library, newDevice, seeded} from './device.js';

const code = (name) => ({name: 'KeyroomError', code: name});
const bytes = Uint8Array.from({length: 47}, (_, i) => (i * 37) & 255); /* zeros and no UTF-8 in it */

test('there is one library, and an account is its seed', async () => {
  assert.equal(await loadOlm(Olm), library);
  assert.equal(newDevice('a').ed25519, newDevice('a').ed25519);
  assert.notEqual(newDevice('a').ed25519, newDevice('b').ed25519);
});

test('bytes cross both ways, in the sizes of the protocol', () => {
  const a = newDevice('a'), b = newDevice('b');
  const [key] = b.makeKeys(1);
  const out = a.outbound(b.curve25519, key);
  const first = out.encrypt(bytes);
  assert.equal(first.type, PREKEY);
  assert.equal(first.body.length, 200);
  const {session, plain} = b.inbound(a.curve25519, first.body);
  assert.deepEqual(plain, bytes);
  assert.equal(session.matches(a.curve25519, out.encrypt(bytes).body), true);
  assert.equal(session.matches(b.curve25519, first.body), false);
  const back = session.encrypt(bytes);
  assert.equal(back.type, NORMAL);
  assert.equal(back.body.length, 95);
  assert.deepEqual(out.decrypt(back.type, back.body), bytes);
  const next = out.encrypt(Uint8Array.of(0));
  assert.equal(next.type, NORMAL);
  assert.deepEqual(session.decrypt(next.type, next.body), Uint8Array.of(0));
  assert.throws(() => session.decrypt(next.type, next.body), code('cannot-open')); /* once */
  assert.throws(() => b.inbound(a.curve25519, first.body), code('cannot-open')); /* its key is used */
  for (const held of [out, session, a, b])
    held.free();
});

test('a fallback key opens more than once, a message only from its sender', () => {
  const a = newDevice('a'), b = newDevice('b'), m = newDevice('m');
  const key = b.makeFallback();
  for (let i = 0; i < 3; i++)
    assert.deepEqual(b.inbound(a.curve25519, a.outbound(b.curve25519, key).encrypt(bytes).body).plain, bytes);
  const {body} = a.outbound(b.curve25519, key).encrypt(bytes);
  assert.throws(() => b.inbound(m.curve25519, body), code('cannot-open'));
  body[body.length - 20] ^= 1;
  assert.throws(() => b.inbound(a.curve25519, body), code('cannot-open'));
  assert.throws(() => m.inbound(a.curve25519, a.outbound(b.curve25519, key).encrypt(bytes).body), code('cannot-open'));
});

test('signatures are those of the identity key', () => {
  const a = newDevice('a'), text = Uint8Array.of(1, 0, 255);
  assert.equal(verifyText(a.ed25519, text, a.sign(text)), true);
  assert.equal(verifyText(newDevice('b').ed25519, text, a.sign(text)), false);
});

test('a device survives in its pickle', () => {
  const a = newDevice('a'), key = new Uint8Array(32).fill(7);
  const pickle = a.pickle(key);
  const again = OlmAccount.unpickle(library, seeded('again'), key, pickle);
  assert.equal(again.ed25519, a.ed25519);
  assert.equal(again.curve25519, a.curve25519);
  assert.throws(() => OlmAccount.unpickle(library, seeded('x'), new Uint8Array(32), pickle), code('crypto'));
  assert.throws(() => OlmAccount.unpickle(library, seeded('x'), key, pickle.slice(4)), code('crypto'));
});

test('fifty keys, all different, and never more than there is room for', () => {
  const a = newDevice('a');
  assert.equal(new Set([...a.makeKeys(50), ...a.makeKeys(50)]).size, 100);
  assert.throws(() => a.makeKeys(101), code('crypto'));
});

test('only the exact form of a message is taken', () => {
  const a = newDevice('a'), b = newDevice('b');
  const out = a.outbound(b.curve25519, b.makeFallback());
  const {body} = out.encrypt(bytes);
  const reply = b.inbound(a.curve25519, body).session.encrypt(bytes).body;
  assert.equal(isPrekey(body), true);
  assert.equal(isPrekey(body, fromBase64(a.curve25519)), true);
  assert.equal(isPrekey(body, fromBase64(b.curve25519)), false);
  assert.equal(isNormal(reply), true);
  assert.equal(isNormal(body) || isPrekey(reply), false);
  for (const [is, message] of [[isPrekey, body], [isNormal, reply]]) {
    for (let i = 0; i < message.length; i++)
      assert.equal(is(message.slice(0, i)), false);
    assert.equal(is(concat(message, Uint8Array.of(0))), false);
    for (const at of [0, 1, 2, 34]) { /* version, tag, length, top bit of the first key */
      const other = message.slice();
      other[at] ^= 0x80;
      assert.equal(is(other), false, `byte ${at}`);
    }
  }
});
