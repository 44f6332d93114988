/* HKDF (RFC 5869) by WebCrypto. A worker has no import map, so this folder needs nothing that is found by name. */
import {fail} from '../protocol/err.js';

/* info: its bytes; `secret` is copied before this returns, and may be wiped then. */
export async function hkdf(hash, secret, salt, info, len) {
  const subtle = globalThis.crypto?.subtle ?? fail('crypto');
  const key = await subtle.importKey('raw', secret, 'HKDF', false, ['deriveBits']);
  return new Uint8Array(await subtle.deriveBits({name: 'HKDF', hash, salt, info}, key, 8 * len));
}
