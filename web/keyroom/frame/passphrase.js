/* Keys of passphrases, as Jitsi's clients of 2020 made them: PBKDF2 with SHA-256. By WebCrypto: so many rounds are felt. */
import {fail} from '../protocol/err.js';
import {utf8} from '../protocol/bytes.js';

/* salt: a string or bytes; len: bytes. */
export async function passphraseKey(passphrase, salt, iterations, len) {
  const subtle = globalThis.crypto?.subtle ?? fail('crypto');
  const key = await subtle.importKey('raw', utf8(passphrase), 'PBKDF2', false, ['deriveBits']);
  const how = {name: 'PBKDF2', hash: 'SHA-256', salt: typeof salt === 'string' ? utf8(salt) : salt, iterations};
  return new Uint8Array(await subtle.deriveBits(how, key, 8 * len));
}
