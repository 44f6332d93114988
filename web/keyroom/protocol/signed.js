/* The texts that devices sign (docs/protocol.md 2.6 - 2.8), and device ids (3.1). */
import {asId, asKey, concat, fromBase64, fromHex, lp, toHex, utf8} from './bytes.js';
import {canonicalText} from './canonical.js';
import {verify} from './ed25519.js';
import {digest, sha256} from './hash.js';

export const ROUND_1 = '1', ROUND_2 = '2', SUPPLEMENT = 'supplement';

/* kind: 'one-time' or 'fallback'. */
export function keyText({kind, key, device, attach}) {
  return canonicalText('key', [['kind', kind], ['key', asKey(key)], ['device', asId(device)], ['attach', asId(attach)]]);
}

export function attachText({room, instance, participant, owner, device, attach, nonce}) {
  return canonicalText('attach', [
    ['room', room], ['instance', asId(instance)], ['participant', participant], ['owner', owner],
    ['device', asId(device)], ['attach', asId(attach)], ['nonce', asId(nonce)],
  ]);
}

export function sealedText({room, instance, epoch, context, attach, round, recipients, confirm}) {
  return canonicalText('sealed', [
    ['room', room], ['instance', asId(instance)], ['epoch', epoch], ['context', asKey(context)],
    ['attach', asId(attach)], ['round', round], ['recipients', asKey(recipients)],
    ...(confirm === undefined ? [] : [['confirm', asKey(confirm)]]), /* of an epoch with a leader only */
  ]);
}

/* Over the attach ids of those that were sealed for, in roster order. */
export function recipientsDigest(attaches) {
  return digest(concat(lp('keyroom:1:recipients'), ...attaches.map((attach) => lp(fromHex(attach)))));
}

export function deviceId(ed25519, curve25519) {
  return toHex(sha256(concat(fromBase64(ed25519, 32), fromBase64(curve25519, 32))).slice(0, 16));
}

/* ed25519, sig: base64; false for any other spelling, too. */
export function verifyText(ed25519, text, sig) {
  try {
    return verify(fromBase64(ed25519, 32), typeof text === 'string' ? utf8(text) : text, fromBase64(sig, 64));
  } catch {
    return false;
  }
}
