/* The number that people read to each other (docs/protocol.md 12.1): one for all who were told the same roster. */
import {fromBase64, utf8} from '../protocol/bytes.js';

const ROUNDS = 2 ** 20, DIGITS = 30;

/* digest: 32 bytes; six groups of five digits. */
export async function codeOfRoster(digest) {
  const key = await crypto.subtle.importKey('raw', digest, 'PBKDF2', false, ['deriveBits']);
  const how = {name: 'PBKDF2', hash: 'SHA-512', salt: utf8('keyroom:1:roomcode'), iterations: ROUNDS};
  const bytes = new Uint8Array(await crypto.subtle.deriveBits(how, key, 512));
  const number = bytes.reduce((n, b) => (n << 8n) | BigInt(b), 0n) % 10n ** BigInt(DIGITS);
  return String(number).padStart(DIGITS, '0').match(/.{5}/g).join(' ');
}

export async function roomCode(members) {
  const {digest, size: devices} = members;
  return digest === null ? null : {code: await codeOfRoster(fromBase64(digest, 32)), devices};
}
