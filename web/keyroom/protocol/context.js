/* The context of an epoch: one hash over everything its members must agree on (docs/protocol.md 5.2). */
import {concat, fromBase64, fromHex, lp, u16, u64} from './bytes.js';
import {digest} from './hash.js';

export const FRESH = 'fresh', RATCHET = 'ratchet';
export const KINDS = [FRESH, RATCHET];

const empty = new Uint8Array(0);

/* link: {epoch, kind, source, leader, format, suite, policy, roster}, what a <past/> carries; leader: the attach that makes
 * the secret for all, if one does; log: {origin, keyId, size, root}, where the service's log stood, null for none. prev: the
 * context of the epoch announced before, null for the first of an instance. */
export function contextOf(room, instance, prev, link) {
  return digest(concat(
    lp('keyroom:1:epoch'), lp(room), lp(fromHex(instance)), lp(u64(link.epoch)),
    lp(prev === null ? empty : fromBase64(prev, 32)), lp(link.kind), lp(link.source),
    lp(link.leader ? fromHex(link.leader) : empty),
    lp(link.format), lp(u16(link.suite)), lp(fromBase64(link.policy, 32)), lp(fromBase64(link.roster, 32)),
    ...(link.log
      ? [lp(link.log.origin), lp(link.log.keyId), lp(u64(link.log.size)), lp(fromBase64(link.log.root, 32))]
      : [lp(empty), lp(empty), lp(empty), lp(empty)]),
  ));
}
