/* Whose devices the own person verified, and what that says of the members (docs/protocol.md 12.2.7). */
import {OCCUPANTS_MAX} from '../protocol/limit.js';
import {say} from '../client/state.js';

/* Was another device of this owner verified, or, as a guest has no other name, of a guest of this one? */
function otherOf(c, p) {
  return [...c.trusted.values()].find((t) => t.owner === p.owner && (p.owner !== '' || t.name === p.participant));
}

/* Says what has changed. */
export function trustLook(c, p) {
  const known = p.verified ? c.trusted.get(p.device) : undefined;
  if (known !== undefined)
    known.name ??= p.participant;
  const other = known ?? otherOf(c, p);
  const trust = known !== undefined ? 'verified' : other !== undefined ? 'changed' : 'none';
  if (trust === p.trust)
    return;
  p.trust = trust;
  say(c, 'trust', {trust, who: [p.participant], device: p.device, name: other?.name ?? null});
}

export function trustAll(c) {
  for (const p of c.peers.values())
    trustLook(c, p);
}

/* name: of who has the device, at its verification; null: of a guest whom we have not seen again since. */
export function trustAdd(c, device, owner, name) {
  if (!c.trusted.has(device) && c.trusted.size < OCCUPANTS_MAX)
    c.trusted.set(device, {owner, name});
}

export function trustVerified(c, p) {
  trustAdd(c, p.device, p.owner, p.participant);
  trustAll(c);
}
