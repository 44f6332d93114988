/* tests/vectors/sframe.json and jframe.json: what C and others sealed opens here, and is sealed here byte for byte. */
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {expand, extract} from '@noble/hashes/hkdf';
import {sha256, sha512} from '@noble/hashes/sha2';
import * as aead from '../keyroom/frame/aead.js';
import * as jframe from '../keyroom/frame/jframe.js';
import {passphraseKey} from '../keyroom/frame/passphrase.js';
import * as sframe from '../keyroom/frame/sframe.js';
import {concat, toHex} from '../keyroom/protocol/bytes.js';
import {key2021, open2021, seal2021, signer2021, verifier2021} from './jframe2021.js';
import {hex, load} from './vectors.js';

const code = (name) => ({name: 'KeyroomError', code: name});

/* It opens, and with any byte altered or cut off it does not. */
async function checkOpen(open, frame, plain) {
  assert.equal(toHex(await open(frame)), toHex(plain));
  for (let i = 0; i < frame.length; i++) {
    const altered = frame.slice();
    altered[i] ^= 1;
    await assert.rejects(open(altered), {name: 'KeyroomError'}, `byte ${i} altered`);
    await assert.rejects(open(frame.slice(0, i)), {name: 'KeyroomError'}, `cut to ${i}`);
  }
}

const s = load('sframe'), j = load('jframe');

test('SFrame headers', () => {
  assert.ok(s.header.length >= 289);
  for (const v of s.header) {
    const kid = BigInt(v.kid), ctr = BigInt(v.ctr);
    const encoded = hex(v.encoded);
    assert.equal(toHex(sframe.writeHeader(kid, ctr)), v.encoded);
    assert.deepEqual(sframe.readHeader(concat(encoded, Uint8Array.of(7))), {kid, ctr, len: encoded.length});
    for (let cut = 0; cut < encoded.length; cut++)
      assert.throws(() => sframe.readHeader(encoded.slice(0, cut)), code('bad-frame'));
  }
  for (const longer of ['8007', '9000ff', '0807', '0900ff', '8000'])
    assert.throws(() => sframe.readHeader(hex(longer)), code('bad-frame'), longer);
});

test('AES-CTR with HMAC alone', async () => {
  assert.equal(s.aes_ctr_hmac.length, 3);
  for (const v of s.aes_ctr_hmac) {
    const {cipher} = sframe.suiteOf(v.cipher_suite);
    assert.equal(v.enc_key + v.auth_key, v.key);
    const key = await aead.importKey(cipher, hex(v.key));
    assert.equal(toHex(await aead.seal(key, hex(v.nonce), hex(v.aad), hex(v.pt))), v.ct);
    await checkOpen((ct) => aead.open(key, hex(v.nonce), hex(v.aad), ct), hex(v.ct), hex(v.pt));
    await assert.rejects(aead.open(key, hex(v.nonce), hex(v.aad).slice(1), hex(v.ct)), code('bad-frame'));
  }
});

test('SFrame, all suites', async () => {
  assert.deepEqual(s.sframe.map((v) => v.cipher_suite), [1, 2, 3, 4, 5]);
  for (const v of s.sframe) {
    const kid = BigInt(v.kid), ctr = BigInt(v.ctr);
    const {key, salt} = await sframe.derive(v.cipher_suite, kid, hex(v.base_key));
    const hash = sframe.suiteOf(v.cipher_suite).hash === 'SHA-256' ? sha256 : sha512;
    const secret = extract(hash, hex(v.base_key));
    assert.equal(toHex(secret), v.sframe_secret);
    assert.equal(toHex(key), v.sframe_key);
    assert.equal(toHex(salt), v.sframe_salt);
    assert.equal(toHex(expand(hash, secret, hex(v.sframe_key_label), key.length)), v.sframe_key);
    assert.equal(toHex(expand(hash, secret, hex(v.sframe_salt_label), salt.length)), v.sframe_salt);
    assert.equal(toHex(sframe.nonceOf(salt, ctr)), v.nonce);
    assert.equal(toHex(concat(sframe.writeHeader(kid, ctr), hex(v.metadata))), v.aad);
    const k = await sframe.sframeKey(v.cipher_suite, kid, hex(v.base_key));
    assert.equal(toHex(await sframe.sealFrame(k, ctr, hex(v.metadata), hex(v.pt))), v.ct);
    await checkOpen((ct) => sframe.openFrame(k, hex(v.metadata), ct), hex(v.ct), hex(v.pt));
    await assert.rejects(sframe.openFrame(k, hex(v.metadata).reverse(), hex(v.ct)), code('bad-frame'));
  }
  await assert.rejects(sframe.sframeKey(6, 0n, new Uint8Array(32)), code('crypto'));
});

test('JFrame', async () => {
  assert.equal(j.gcm.length, 24);
  for (const v of j.gcm) {
    const key = await jframe.jframeKey(hex(v.key), v.key_index);
    const {iv, index} = jframe.readTrailer(v.frame_type, hex(v.frame));
    assert.equal(index, v.key_index % 16);
    assert.equal(iv.ssrc, v.ssrc);
    assert.equal(iv.timestamp, v.rtp_timestamp);
    assert.equal(toHex(await jframe.sealFrame(key, v.frame_type, iv, hex(v.plaintext))), v.frame);
    await checkOpen((frame) => jframe.openFrame(key, v.frame_type, frame), hex(v.frame), hex(v.plaintext));
  }
});

test("JFrame's ratchet", async () => {
  assert.equal(j.ratchet.length, 6);
  for (const v of j.ratchet) {
    let material = hex(v.key);
    for (const want of v.ratcheted) {
      material = await jframe.ratchetMaterial(material);
      assert.equal(toHex(material), want);
    }
  }
});

test('JFrame of 2021', async () => {
  assert.equal(j.ctr.length, 24);
  assert.equal(j.ctr_signed.length, 12);
  for (const v of [...j.ctr, ...j.ctr_signed]) {
    const key = await key2021(hex(v.key), v.key_index);
    const verifier = v.public_jwk && await verifier2021(v.public_jwk);
    const signer = v.public_jwk && await signer2021(v.public_jwk, v.private_d);
    const counter = BigInt(v.counter), frame = hex(v.frame);
    const opened = await open2021(key, v.frame_type, verifier, frame);
    assert.equal(opened.counter, counter);
    assert.equal(toHex(opened.plain), v.plaintext);
    const made = await seal2021(key, v.frame_type, counter, signer, hex(v.plaintext));
    if (!signer)
      assert.equal(toHex(made), v.frame); /* a signature is another one each time */
    assert.equal(toHex((await open2021(key, v.frame_type, verifier, made)).plain), v.plaintext);
    frame[frame.length - 140 > 0 ? frame.length - 140 : 0] ^= 1;
    await assert.rejects(open2021(key, v.frame_type, verifier, frame));
  }
});

test('keys of passphrases', async () => {
  assert.equal(j.pbkdf2.length, 8);
  for (const v of j.pbkdf2) {
    assert.equal(toHex(await passphraseKey(v.passphrase, v.salt, v.iterations, 16)), v.key_128);
    assert.equal(toHex(await passphraseKey(v.passphrase, v.salt, v.iterations, 32)), v.key_256);
  }
});
