/* What a service says of its log with an epoch (docs/protocol.md 11.3, 11.4, 11.10). */
import {concat, fromBase64, u8, utf8} from './bytes.js';
import {verify} from './ed25519.js';
import {sha256} from './hash.js';

const ED25519 = 0x01;

/* The id of a log's key: origin is its name, key its Ed25519 key in base64. */
export function logKeyId(origin, key) {
  return sha256(concat(utf8(`${origin}\n`), u8(ED25519), fromBase64(key, 32))).slice(0, 4);
}

/* C2SP writes base64 with padding. */
const padded = (base64) => base64 + '='.repeat((4 - base64.length % 4) % 4);

/* What a log signs of {size, root}. */
export function checkpointText(origin, {size, root}) {
  return `${origin}\n${size}\n${padded(root)}\n`;
}

/* claim: {size, root, sig}; origin and key as above. */
export function checkpointVerifies(origin, key, claim) {
  return verify(fromBase64(key, 32), utf8(checkpointText(origin, claim)), fromBase64(claim.sig, 64));
}
