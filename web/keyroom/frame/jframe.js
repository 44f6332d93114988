/* JFrame as lib-jitsi-meet ships it: AES-128-GCM with a clear start that bridges can read.
 *
 *   clear bytes || ciphertext || tag (16) || IV (12) || 12 || key index
 *
 * The clear bytes (by kind of frame) are authenticated. The IV is SSRC, RTP timestamp and a counter per SSRC, 32 bits
 * each, big-endian; a receiver takes it as it stands, so JFrame itself has no protection against replay. */
import {concat, u32, utf8, wipe} from '../protocol/bytes.js';
import {fail} from '../protocol/err.js';
import * as aead from './aead.js';
import {hkdf} from './derive.js';

export const RING = 16; /* key indices are taken modulo this */
const TAG_LEN = 16, TRAILER_LEN = aead.NONCE_LEN + 2;
const none = new Uint8Array(0);

/* UNENCRYPTED_BYTES of lib-jitsi-meet: what a bridge must read of VP8, and one byte of Opus. */
const clearLens = {audio: 1, key: 10, delta: 3};

/* kind: 'audio', 'key' or 'delta' (of a video). */
export function clearLen(kind) {
  return clearLens[kind] ?? fail('bad-state');
}

/* The key of this material; the index is taken modulo 16. */
export async function jframeKey(material, index) {
  const bytes = await hkdf('SHA-256', material, utf8('JFrameEncryptionKey'), none, 16); /* has its copy of the material */
  const imported = aead.importKey(aead.AES_128_GCM, bytes);
  wipe(bytes);
  return {index: index % RING, aead: await imported};
}

/* The next material of Jitsi's ratchet. For stock peers; in a keyroom room every change is a new index instead. */
export function ratchetMaterial(material) {
  return hkdf('SHA-256', material, utf8('JFrameRatchetKey'), none, 32);
}

/* The frame. iv: {ssrc, timestamp, counter}, never one twice under one key. `bad-frame` if plain is shorter than the
 * clear bytes of its kind. */
export async function sealFrame(key, kind, iv, plain) {
  const clear = clearLen(kind);
  if (plain.length < clear)
    fail('bad-frame');
  const nonce = concat(u32(iv.ssrc), u32(iv.timestamp), u32(iv.counter));
  const sealed = await aead.seal(key.aead, nonce, plain.slice(0, clear), plain.slice(clear));
  return concat(plain.subarray(0, clear), sealed, nonce, Uint8Array.of(aead.NONCE_LEN, key.index));
}

/* {index, iv, clear} of a frame of this kind; `bad-frame` if it is too short for its kind or its trailer is another. */
export function readTrailer(kind, frame) {
  const clear = clearLen(kind);
  if (frame.length < clear + TAG_LEN + TRAILER_LEN)
    fail('bad-frame');
  const view = new DataView(frame.buffer, frame.byteOffset + frame.length - TRAILER_LEN, TRAILER_LEN);
  const index = view.getUint8(TRAILER_LEN - 1);
  if (view.getUint8(TRAILER_LEN - 2) !== aead.NONCE_LEN || index >= RING)
    fail('bad-frame');
  return {index, clear, iv: {ssrc: view.getUint32(0), timestamp: view.getUint32(4), counter: view.getUint32(8)}};
}

/* The plaintext. `bad-frame` if it is malformed or its tag does not verify, `no-key` if its index is another. */
export async function openFrame(key, kind, frame) {
  const {index, clear} = readTrailer(kind, frame);
  if (index !== key.index)
    fail('no-key');
  const nonce = frame.slice(frame.length - TRAILER_LEN, frame.length - 2);
  const sealed = frame.slice(clear, frame.length - TRAILER_LEN);
  return concat(frame.subarray(0, clear), await aead.open(key.aead, nonce, frame.slice(0, clear), sealed));
}
