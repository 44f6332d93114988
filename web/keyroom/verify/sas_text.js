/* The texts of a verification (docs/protocol.md 12.2): messages {kind, transaction, ...}, and what is hashed. */
import {asId, asKey, compare} from '../protocol/bytes.js';
import {canonicalText, readCanonical} from '../protocol/canonical.js';
import {fail} from '../protocol/err.js';
import {SAS_TEXT_MAX, SEALED_LEN} from '../protocol/limit.js';

/* Why one ended without success: the words are on the wire (protocol/verify/sas_reason.def). */
export const REASONS = {
  'user': 'somebody chose not to go on',
  'mismatch': 'somebody said that the codes differ: somebody in between may be reading',
  'timeout': 'no answer in time',
  'out-of-turn': 'a message came when it was not awaited',
  'malformed': 'a message is not of its form',
  'wrong-device': 'the request names other devices than these two',
  'reflected-key': "our own key came back as the other's",
  'bad-key': 'the key yields no secret',
  'bad-commitment': 'the key is not the one that was committed to',
  'bad-mac': 'the keys that were confirmed are not the ones that we see',
  'unknown-transaction': 'no verification of that id is going on',
  'busy': 'another verification between these devices is going on',
  'tries': 'tried too often in this meeting',
  'gone': 'the device left the room, or its keys changed',
};

const asReason = (word) => (Object.hasOwn(REASONS, word) ? word : fail('malformed'));

/* What stands in each kind of message after its transaction. */
const BODIES = {
  start: {initiator: asId, responder: asId}, accept: {commitment: asKey}, key: {key: asKey},
  mac: {ed25519: asKey, curve25519: asKey}, done: {}, cancel: {reason: asReason},
};

/* A spelling that is none is malformed in here, whatever it is made of. */
function checked(as, text) {
  try {
    return as(text);
  } catch {
    return fail('malformed');
  }
}

export function messageText(m) {
  return canonicalText(`sas-${m.kind}`, [
    ['transaction', asId(m.transaction)], ...Object.entries(BODIES[m.kind]).map(([name, as]) => [name, as(m[name])]),
  ]);
}

/* `malformed` for what does not re-encode to itself. */
export function readMessage(bytes) {
  const kind = Object.keys(BODIES).find((k) => new TextDecoder().decode(bytes).startsWith(`keyroom:1:sas-${k}\n`)) ?? fail('malformed');
  const names = Object.keys(BODIES[kind]);
  const [transaction, ...values] = readCanonical(bytes, `sas-${kind}`, ['transaction', ...names]);
  const m = {kind, transaction: checked(asId, transaction)};
  names.forEach((name, i) => { m[name] = checked(BODIES[kind][name], values[i]); });
  return compare(messageText(m), bytes) === 0 ? m : fail('malformed');
}

const WORD_VERIFY = 1; /* the first byte of what two devices say to each other that is no envelope (6.6) */

export function wordOf(m) {
  return Uint8Array.of(WORD_VERIFY, ...messageText(m));
}

export function readWordOf(plain) {
  if (plain.length < 2 || plain.length > 1 + SAS_TEXT_MAX || plain.length === SEALED_LEN || plain[0] !== WORD_VERIFY)
    fail('malformed');
  return readMessage(plain.subarray(1));
}

export function commitmentText(transaction, key) {
  return canonicalText('sas-commitment', [['transaction', transaction], ['key', key]]);
}

/* subject: {room, instance, transaction, initiator, responder}, each of these {owner, device, ed25519, curve25519, key}. */
export function infoText({room, instance, transaction, initiator, responder}) {
  const lines = [['room', room], ['instance', instance], ['transaction', transaction]];
  for (const [side, d] of [['initiator', initiator], ['responder', responder]])
    lines.push(...['owner', 'device', 'ed25519', 'curve25519', 'key'].map((name) => [`${side}-${name}`, d[name]]));
  return canonicalText('sas-info', lines);
}

export function macInfoText(subject, sender, receiver, name) {
  return canonicalText('sas-mac-info', [['subject', subject], ['sender', sender], ['receiver', receiver], ['name', name]]);
}
