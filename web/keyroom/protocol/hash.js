/* SHA-256, HMAC, HKDF (RFC 5869). Synchronous, so that what is computed with them can be a pure step. */
import {hkdf as nobleHkdf} from '@noble/hashes/hkdf';
import {sha256 as nobleSha256, sha512 as nobleSha512} from '@noble/hashes/sha2';
import {hmac as nobleHmac} from '@noble/hashes/hmac';
import {toBase64} from './bytes.js';

const hashes = {'SHA-256': nobleSha256, 'SHA-512': nobleSha512};

export function sha256(bytes) {
  return nobleSha256(bytes);
}

export function digest(bytes) { /* SHA-256 as base64 */
  return toBase64(nobleSha256(bytes));
}

/* HMAC-SHA-256 */
export function hmac(key, bytes) {
  return nobleHmac(nobleSha256, key, bytes);
}

/* hash: 'SHA-256' or 'SHA-512'; an empty salt is one of zeros (RFC 5869 2.2). */
export function hkdf(hash, key, salt, info, len) {
  return nobleHkdf(hashes[hash], key, salt.length ? salt : undefined, info, len);
}
