/* SFrame, RFC 9605: header, key derivation, and the five cipher suites of its section 8.1.
 *
 * A frame is header || ciphertext || tag. The header is authenticated together with the metadata, which both sides know
 * by other means and which is not carried. KID and counter are BigInts below 2^64. Counters are the caller's: under one
 * key never one twice. */
import {concat, u16, u64, utf8, wipe} from '../protocol/bytes.js';
import {fail} from '../protocol/err.js';
import * as aead from './aead.js';
import {hkdf} from './derive.js';

const suites = new Map([
  [1, {cipher: aead.AES_128_CTR_HMAC_SHA256_80, hash: 'SHA-256'}],
  [2, {cipher: aead.AES_128_CTR_HMAC_SHA256_64, hash: 'SHA-256'}],
  [3, {cipher: aead.AES_128_CTR_HMAC_SHA256_32, hash: 'SHA-256'}],
  [4, {cipher: aead.AES_128_GCM, hash: 'SHA-256'}],
  [5, {cipher: aead.AES_256_GCM, hash: 'SHA-512'}],
]);
const none = new Uint8Array(0);

/* What a browser's packetizer reads of a video frame: that much of it stays clear, in front of the SFrame, and is its
 * metadata (docs/protocol.md 5.8). kind: 'audio', 'key' or 'delta' (of a video). */
const clearLens = {audio: 0, key: 10, delta: 3};

export function clearLen(kind) {
  return clearLens[kind] ?? fail('bad-state');
}

/* {cipher, hash} of an IANA number; `crypto` for one that is not known. */
export function suiteOf(id) {
  return suites.get(id) ?? fail('crypto');
}

function bigEndian(v) {
  const bytes = u64(v);
  let zeros = 0;
  while (zeros < 7 && bytes[zeros] === 0)
    zeros++;
  return bytes.slice(zeros);
}

/* The header in its one shortest form. The config byte holds KID and counter as four bits each: below 8 the value
 * itself, else 8 + (bytes that follow - 1). */
export function writeHeader(kid, ctr) {
  const k = kid < 8n ? none : bigEndian(kid), c = ctr < 8n ? none : bigEndian(ctr);
  const nibble = (v, bytes) => (bytes.length === 0 ? Number(v) : 7 + bytes.length);
  return concat(Uint8Array.of((nibble(kid, k) << 4) | nibble(ctr, c)), k, c);
}

function readField(frame, at, nibble) {
  if (nibble < 8)
    return {value: BigInt(nibble), at};
  const len = nibble - 7;
  if (frame.length - at < len)
    fail('bad-frame');
  let value = 0n;
  for (let i = 0; i < len; i++)
    value = (value << 8n) | BigInt(frame[at + i]);
  if (value < 8n || (len > 1 && frame[at] === 0))
    fail('bad-frame');
  return {value, at: at + len};
}

/* {kid, ctr, len} of the header at the start of any bytes. `bad-frame` if they end inside it, or if KID or counter is not
 * in its shortest form: section 4.3 has senders write that, and so no header has two spellings. */
export function readHeader(frame) {
  if (frame.length === 0)
    fail('bad-frame');
  const kid = readField(frame, 1, frame[0] >> 4);
  const ctr = readField(frame, kid.at, frame[0] & 15);
  return {kid: kid.value, ctr: ctr.value, len: ctr.at};
}

/* Section 4.4.2: {key, salt} as bytes, which are the caller's to wipe. */
export async function derive(suite, kid, baseKey) {
  const {cipher, hash} = suiteOf(suite);
  const part = (text, len) => hkdf(hash, baseKey, none, concat(utf8(text), u64(kid), u16(suite)), len);
  const [key, salt] = await Promise.all([
    part('SFrame 1.0 Secret key ', cipher.encLen + cipher.authLen), part('SFrame 1.0 Secret salt ', aead.NONCE_LEN),
  ]);
  return {key, salt};
}

/* What sealFrame and openFrame take: of one sender, in one epoch. */
export async function sframeKey(suite, kid, baseKey) {
  const {key, salt} = await derive(suite, kid, baseKey); /* has taken its copies when it returns */
  const imported = aead.importKey(suiteOf(suite).cipher, key);
  wipe(key);
  return {kid, salt, aead: await imported};
}

/* The nonce of a counter: salt XOR counter (section 4.4.3). */
export function nonceOf(salt, ctr) {
  const nonce = salt.slice();
  u64(ctr).forEach((byte, i) => { nonce[aead.NONCE_LEN - 8 + i] ^= byte; });
  return nonce;
}

/* The frame. */
export async function sealFrame(key, ctr, metadata, plain) {
  const header = writeHeader(key.kid, ctr);
  return concat(header, await aead.seal(key.aead, nonceOf(key.salt, ctr), concat(header, metadata), plain));
}

/* The plaintext of a frame. `bad-frame` if it is malformed or its tag does not verify, `no-key` if its KID is another. */
export async function openFrame(key, metadata, frame) {
  const header = readHeader(frame);
  if (header.kid !== key.kid)
    fail('no-key');
  const aad = concat(frame.subarray(0, header.len), metadata);
  return aead.open(key.aead, nonceOf(key.salt, header.ctr), aad, frame.slice(header.len));
}
