/* JFrame as lib-jitsi-meet had it from September 2020 to April 2021 (protocol/frame/jframe2021.h): for vectors only.
 *
 *   clear bytes || ciphertext || tag || counter || [signature (132)] || S LEN KID */
import {concat, equal, u64, utf8} from '../keyroom/protocol/bytes.js';
import {hkdf} from '../keyroom/protocol/hash.js';

const clearLens = {audio: 1, key: 10, delta: 3}, tagLens = {audio: 4, key: 10, delta: 10};
const SIG_LEN = 132;
const none = new Uint8Array(0);
const ecdsa = {name: 'ECDSA', namedCurve: 'P-521'}, how = {name: 'ECDSA', hash: 'SHA-256'};
const subtle = () => globalThis.crypto.subtle;

export async function key2021(material, index) {
  const part = (salt, len) => hkdf('SHA-256', material, utf8(salt), none, len);
  return {
    index: index % 16,
    enc: await subtle().importKey('raw', part('JFrameEncryptionKey', 16), 'AES-CTR', false, ['encrypt', 'decrypt']),
    auth: await subtle().importKey('raw', part('JFrameAuthenticationKey', 64), {name: 'HMAC', hash: 'SHA-256'}, false,
                                   ['sign']),
    salt: part('JFrameSaltKey', 16),
  };
}

export const signer2021 = (jwk, d) => subtle().importKey('jwk', {...jwk, d}, ecdsa, false, ['sign']);
export const verifier2021 = (jwk) => subtle().importKey('jwk', jwk, ecdsa, false, ['verify']);

function counterBytes(counter) {
  const bytes = u64(counter);
  const first = bytes.findIndex((b) => b !== 0);
  return bytes.slice(first);
}

/* Both directions. */
async function cipher(key, counter, clear, bytes) {
  const block = key.salt.slice();
  u64(counter).forEach((b, i) => { block[8 + i] ^= b; });
  const out = await subtle().encrypt({name: 'AES-CTR', counter: block, length: 64}, key.enc, bytes.slice(clear));
  return concat(bytes.slice(0, clear), new Uint8Array(out));
}

/* Over the frame with tag and signature zero. */
async function tagOf(key, kind, text, counter, isSigned, last) {
  const input = concat(text, new Uint8Array(tagLens[kind]), counterBytes(counter),
                       new Uint8Array(isSigned ? SIG_LEN : 0), Uint8Array.of(last));
  return new Uint8Array(await subtle().sign('HMAC', key.auth, input)).slice(0, tagLens[kind]);
}

export async function seal2021(key, kind, counter, signer, plain) {
  const bytes = counterBytes(counter);
  const last = (signer ? 0x80 : 0) | ((bytes.length - 1) << 4) | key.index;
  const text = await cipher(key, counter, clearLens[kind], plain);
  const tag = await tagOf(key, kind, text, counter, Boolean(signer), last);
  const sig = signer ? new Uint8Array(await subtle().sign(how, signer, tag)) : none;
  return concat(text, tag, bytes, sig, Uint8Array.of(last));
}

/* {index, counter, plain}, or an error. */
export async function open2021(key, kind, verifier, frame) {
  const last = frame.at(-1);
  const isSigned = (last & 0x80) !== 0, counterLen = ((last >> 4) & 7) + 1, index = last & 15;
  const textLen = frame.length - 1 - (isSigned ? SIG_LEN : 0) - counterLen - tagLens[kind];
  if (textLen < clearLens[kind] || index !== key.index || isSigned !== Boolean(verifier))
    throw new Error('bad frame');
  const text = frame.slice(0, textLen), tag = frame.slice(textLen, textLen + tagLens[kind]);
  const counterAt = textLen + tagLens[kind];
  const counter = frame.slice(counterAt, counterAt + counterLen).reduce((v, b) => (v << 8n) | BigInt(b), 0n);
  if (!equal(tag, await tagOf(key, kind, text, counter, isSigned, last)))
    throw new Error('bad tag');
  const sigAt = counterAt + counterLen;
  if (isSigned && !await subtle().verify(how, verifier, frame.slice(sigAt, sigAt + SIG_LEN), tag))
    throw new Error('bad signature');
  return {index, counter, plain: await cipher(key, counter, clearLens[kind], text)};
}
