/* Sessions in which we only listen to a leader (docs/protocol.md 5.13): a word of ours, now and then, turns their ratchet, so
 * that what was stolen of either end opens nothing that is sealed after. The first one also ends the leader's pre-key messages,
 * which are twice as long. */
import {HEAL_MS} from '../protocol/limit.js';
import {NORMAL} from '../protocol/pack.js';
import {sayNothing, spokenAt} from './sessions.js';
import {ANSWER_MEMBER_MS, MEMBER, within} from './state.js';

const SPREAD_MS = 60000, ANSWER_SPREAD_MS = 5000; /* not all members at once */

export function healHeard(c, p, members) {
  if (p.healAt !== Infinity)
    return;
  const said = spokenAt(p);
  p.healAt = said === null ? within(c, ANSWER_SPREAD_MS + members * ANSWER_MEMBER_MS)
                           : within(c, SPREAD_MS) + Math.max(0, said + HEAL_MS - c.now);
}

const isDue = (c) => c.phase === MEMBER && !c.mismatched;

export function healTime(c) {
  for (const p of isDue(c) ? c.peers.values() : [])
    if (p.healAt <= c.now) {
      p.healAt = Infinity;
      sayNothing(c, p, NORMAL);
    }
}

export function healNext(c) {
  return isDue(c) ? [...c.peers.values()].reduce((due, p) => Math.min(due, p.healAt), Infinity) : Infinity;
}
