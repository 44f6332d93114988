/* Who seals for whom, and when (docs/protocol.md 5.10, 5.13): a pure function of the roster, of how the epoch follows from
 * the one before, and of its key source. */
import {FRESH} from './context.js';
import {isLed} from './policy.js';
import {ROUND_1, ROUND_2} from './signed.js';

/* What the functions below look at; link.leader: an attach. leader: the index of who seals for all, or -1. */
export function sealingOf(roster, {kind, source, leader}) {
  return {roster, kind, source, leader: isLed(source) ? roster.find(leader) : -1};
}

function participantsHave(s, round, sender, recipient) {
  const fromJoiner = s.roster.entries[sender].isNew;
  const toJoiner = s.roster.entries[recipient].isNew;
  if (round === ROUND_1)
    return fromJoiner && (!toJoiner || recipient > sender);
  if (round === ROUND_2)
    return fromJoiner ? toJoiner && recipient < sender : toJoiner || s.kind === FRESH;
  return false;
}

/* Must `sender` seal for `recipient` in that round? Indices into the roster. */
export function roundHas(s, round, sender, recipient) {
  if (sender >= s.roster.length || recipient >= s.roster.length || sender === recipient)
    return false;
  if (s.source === 'participants')
    return participantsHave(s, round, sender, recipient);
  return round === ROUND_2 && sender === s.leader && (s.kind === FRESH || s.roster.entries[recipient].isNew);
}

/* How many recipients the sender has in the round; 0: it sends no envelope. */
export function roundCount(s, round, sender) {
  let count = 0;
  for (let i = 0; i < s.roster.length; i++)
    count += roundHas(s, round, sender, i) ? 1 : 0;
  return count;
}

/* In any round? If not, the recipient has the sender's secret by itself, or from the leader. */
export function roundAny(s, sender, recipient) {
  return roundHas(s, ROUND_1, sender, recipient) || roundHas(s, ROUND_2, sender, recipient);
}

/* With a leader there is no round 1. */
export function round1Exists(s) {
  return s.source === 'participants' && s.roster.joinerCount > 0;
}
