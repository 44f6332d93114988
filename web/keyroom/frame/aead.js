/* The ciphers of the frame formats: RFC 9605 section 4.5, and AES-GCM with a 12-byte nonce. WebCrypto does them, with
 * keys that cannot be taken out of it again, and so they are promises.
 *
 * Tags are compared in constant time, and nothing is given out before the tag has verified. */
import {concat, equal, u64} from '../protocol/bytes.js';
import {fail} from '../protocol/err.js';
import {FRAME_MAX} from '../protocol/limit.js';

export const NONCE_LEN = 12;

/* encLen and authLen: bytes of the keys; tagLen: bytes a text grows by. */
export const AES_128_CTR_HMAC_SHA256_80 = {name: 'AES-CTR', encLen: 16, authLen: 32, tagLen: 10};
export const AES_128_CTR_HMAC_SHA256_64 = {name: 'AES-CTR', encLen: 16, authLen: 32, tagLen: 8};
export const AES_128_CTR_HMAC_SHA256_32 = {name: 'AES-CTR', encLen: 16, authLen: 32, tagLen: 4};
export const AES_128_GCM = {name: 'AES-GCM', encLen: 16, authLen: 0, tagLen: 16};
export const AES_256_GCM = {name: 'AES-GCM', encLen: 32, authLen: 0, tagLen: 16};

/* A page of an insecure origin has no WebCrypto. */
function subtle() {
  return globalThis.crypto?.subtle ?? fail('crypto');
}

/* A key for seal and open out of encLen + authLen bytes; `crypto` for another length. */
export async function importKey(cipher, bytes) {
  if (bytes.length !== cipher.encLen + cipher.authLen)
    fail('crypto');
  const enc = subtle().importKey('raw', bytes.subarray(0, cipher.encLen), cipher.name, false, ['encrypt', 'decrypt']);
  const auth = cipher.authLen === 0 ? null : subtle().importKey(
    'raw', bytes.subarray(cipher.encLen), {name: 'HMAC', hash: 'SHA-256'}, false, ['sign']);
  return {cipher, enc: await enc, auth: await auth};
}

function gcm(nonce, aad) {
  return {name: 'AES-GCM', iv: nonce, additionalData: aad, tagLength: 128};
}

/* Frames have fewer than 2^32 blocks, so the counter never reaches the nonce. */
function ctr(nonce) {
  return {name: 'AES-CTR', counter: concat(nonce, new Uint8Array(4)), length: 32};
}

/* compute_tag of RFC 9605 4.5.1. */
async function hmacTag(key, nonce, aad, text) {
  const {tagLen} = key.cipher;
  const input = concat(u64(aad.length), u64(text.length), u64(tagLen), nonce, aad, text);
  return new Uint8Array(await subtle().sign('HMAC', key.auth, input)).slice(0, tagLen);
}

/* text || tag. `too-large` above FRAME_MAX bytes. */
export async function seal(key, nonce, aad, plain) {
  if (plain.length > FRAME_MAX || aad.length > FRAME_MAX)
    fail('too-large');
  if (key.auth === null)
    return new Uint8Array(await subtle().encrypt(gcm(nonce, aad), key.enc, plain));
  const text = new Uint8Array(await subtle().encrypt(ctr(nonce), key.enc, plain));
  return concat(text, await hmacTag(key, nonce, aad, text));
}

/* The plaintext of text || tag. `bad-frame` if it is shorter than a tag or the tag does not verify; `too-large`. */
export async function open(key, nonce, aad, sealed) {
  const {tagLen} = key.cipher;
  if (sealed.length < tagLen)
    fail('bad-frame');
  if (sealed.length - tagLen > FRAME_MAX || aad.length > FRAME_MAX)
    fail('too-large');
  if (key.auth === null)
    return new Uint8Array(await subtle().decrypt(gcm(nonce, aad), key.enc, sealed).catch(() => fail('bad-frame')));
  const text = sealed.slice(0, sealed.length - tagLen);
  if (!equal(sealed.subarray(text.length), await hmacTag(key, nonce, aad, text)))
    fail('bad-frame');
  return new Uint8Array(await subtle().decrypt(ctr(nonce), key.enc, text));
}
