/* The key schedule: secrets, base keys, and the 47 bytes that are sealed (docs/protocol.md 5.5 - 5.7, 5.13, 5.14). Secrets are
 * Uint8Arrays of the caller, who wipes them. */
import {concat, equal, fromBase64, fromHex, lp} from './bytes.js';
import {fail} from './err.js';
import {digest, hkdf, sha256} from './hash.js';
import {SEALED_LEN} from './limit.js';

const SECRET_LEN = 32, TAG_LEN = SEALED_LEN - SECRET_LEN;
const empty = new Uint8Array(0);

function labelled(label, context, ...more) {
  return concat(lp(label), lp(fromBase64(context, 32)), ...more.map(lp));
}

/* random(len): bytes of a generator. */
export function freshSecret(random) {
  return random(SECRET_LEN);
}

export function ratchetSecret(parent, context) {
  return hkdf('SHA-256', parent, empty, labelled('keyroom:1:ratchet', context), SECRET_LEN);
}

export function baseKey(secret, context, senderLine) {
  return hkdf('SHA-256', secret, empty, labelled('keyroom:1:base', context, senderLine), SECRET_LEN);
}

function sealTag(context, senderLine, recipientLine) {
  return sha256(labelled('keyroom:1:seal', context, senderLine, recipientLine)).slice(0, TAG_LEN);
}

/* secret || tag, to be encrypted for the recipient. */
export function sealedPlain(secret, context, senderLine, recipientLine) {
  if (secret.length !== SECRET_LEN)
    fail('bad-state');
  return concat(secret, sealTag(context, senderLine, recipientLine));
}

/* The secret. `cannot-open` for another length, `context-mismatch` when the tag is not ours. */
export function openSealed(plain, context, senderLine, recipientLine) {
  if (plain.length !== SEALED_LEN)
    fail('cannot-open');
  if (!equal(plain.subarray(SECRET_LEN), sealTag(context, senderLine, recipientLine)))
    fail('context-mismatch');
  return plain.slice(0, SECRET_LEN);
}

/* What a leader vouches for (5.13), as base64. */
export function confirmOf(context, secret) {
  return digest(labelled('keyroom:1:confirm', context, secret));
}

/* Key source `passphrase` (5.14): the salt of the slow part, which is done once in an instance, and the secret of an epoch out
 * of what comes of it. */
export function passphraseSalt(room, instance) {
  return concat(lp('keyroom:1:passphrase'), lp(room), lp(fromHex(instance)));
}

export function passphraseSecret(key, context) {
  return hkdf('SHA-256', key, empty, labelled('keyroom:1:passphrase', context), SECRET_LEN);
}
