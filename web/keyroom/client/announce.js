/* Announces from their parts, and asking for what is lost (docs/protocol.md 6.7, 7.1, 7.2). */
import {CHAIN_MAX, DEADLINE_MAX_MS, OCCUPANTS_MAX} from '../protocol/limit.js';
import {applyAnnounce, mismatch} from './apply.js';
import {ANSWER_MEMBER_MS, ask, ATTACHING, epochNow, REATTACH_MS, refused, WAITING, wantPart, within} from './state.js';

const LINK = ['epoch', 'kind', 'source', 'roster'];

/* Every part carries the whole head. */
function sameHead(a, b) {
  return ['instance', 'deadline', 'size', 'check', 'prev', 'prevContext', 'committed', 'full', 'leader', 'of'].every((k) => a[k] === b[k]) &&
         LINK.every((k) => a.link[k] === b.link[k]) && a.link.log?.root === b.link.log?.root &&
         a.reasons.length === b.reasons.length && a.reasons.every((r) => b.reasons.includes(r));
}

/* False when it is too much. */
function addPart(m, part) {
  m.members.push(...part.members);
  m.gone.push(...part.gone);
  m.past.push(...part.past);
  m.policyText ??= part.policyText;
  m.parts = part.part;
  return m.members.length <= (m.head.full ? m.head.size : OCCUPANTS_MAX) && m.gone.length <= OCCUPANTS_MAX && m.past.length <= CHAIN_MAX;
}

export function handleAnnounce(c, part) {
  if (c.phase < ATTACHING || c.mismatched || (part.full && part.instance !== c.instance))
    return;
  if (c.assembly !== null && (part.part !== c.assembly.parts + 1 || !sameHead(c.assembly.head, part)))
    c.assembly = null;
  if (c.assembly === null) {
    if (part.part !== 1) {
      announceFailed(c, 'malformed', part);
      return;
    }
    c.assembly = {head: part, parts: 0, members: [], gone: [], past: [], policyText: null};
  }
  const m = c.assembly;
  if (!addPart(m, part)) {
    c.assembly = null;
    announceFailed(c, 'too-large', part);
  } else if (part.part === part.of) {
    c.assembly = null;
    const whole = {...m.head, members: m.members, gone: m.gone, past: m.past, policyText: m.policyText};
    const error = applyAnnounce(c, whole);
    if (error !== null)
      announceFailed(c, error, whole);
  }
}

/* Word of an epoch came: if it is above all that was announced to us, its announce is lost, and asked for. */
export function heardOf(c, epoch) {
  const same = c.seenInstance === c.instance;
  if (c.phase < WAITING || c.mismatched || (same && epoch <= c.seenEpoch) || epoch <= c.missedEpoch)
    return;
  c.assembly = null; /* of one that has begun, a part is lost */
  c.missedEpoch = epoch;
  askWholeAgain(c);
}

/* And once more later, if the answer may be lost too. */
export function askWholeAgain(c) {
  const missed = c.seenInstance !== c.instance || c.missedEpoch > c.seenEpoch;
  askWhole(c);
  c.askAt = c.unresolved || (c.missedEpoch > 0 && missed) ? c.now + REATTACH_MS : Infinity;
}

export function askWhole(c) {
  /* a service that was set back would not hear of it otherwise */
  ask(c, {kind: 'whole', since: epochNow(c)?.link.epoch, log: c.log.newest, logOrigin: c.log.name?.origin});
}

/* What was lost with a link was lost for many: they do not all ask at once for what is long (5.12). */
function askInTurn(c, a, deadline) {
  if (a.reasons.includes('recover'))
    c.askAt = within(c, 1 + Math.min(c.peers.size * ANSWER_MEMBER_MS, deadline / 2));
  else
    askWholeAgain(c);
}

/* The room wants verified devices from now on, and what verifies is not here: until it is, this epoch is one whose announce was
 * lost (5.12). */
function waitForPart(c, deadline) {
  if (!c.unresolved)
    c.broken = {announced: c.now, deadline};
  c.unresolved = true;
  c.answered = false;
  c.askAt = Infinity;
  wantPart(c);
}

/* Asks for the whole, or ends in a mismatch if that was the answer. */
export function announceFailed(c, error, a) {
  const deadline = Math.min(a.deadline, DEADLINE_MAX_MS);
  /* for an attach before this one: it is not answered yet, or what was said then comes again */
  if (c.phase === ATTACHING || (error === 'not-in-roster' && epochNow(c) === null))
    return;
  if (error === 'no-part') {
    waitForPart(c, deadline);
    return;
  }
  if (error === 'not-in-roster' || (c.unresolved && c.answered && a.full)) {
    mismatch(c, error, null, deadline);
    return;
  }
  refused(c, 'announce', error);
  if (c.unresolved && a.reasons.includes('recover'))
    askInTurn(c, a, deadline);
  if (c.unresolved)
    return; /* the answer is still to come */
  c.unresolved = true;
  c.answered = false;
  c.broken = {announced: c.now, deadline};
  askInTurn(c, a, deadline);
}
