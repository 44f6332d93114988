/* What was delivered to us, and what we say about it (docs/protocol.md 5.7, 6.5, 7.3). */
import {wipe} from '../protocol/bytes.js';
import {codeOf, fail} from '../protocol/err.js';
import {WITHHELD} from '../protocol/pack.js';
import {isLed} from '../protocol/policy.js';
import {roundAny} from '../protocol/rounds.js';
import {confirmOf, openSealed} from '../protocol/schedule.js';
import {ROUND_1} from '../protocol/signed.js';
import {mismatch, mismatchIn} from './apply.js';
import {healHeard} from './heal.js';
import {hold, isShared} from './secrets.js';
import {openWith, resetSession} from './sessions.js';
import {againAt, ask, BUSY_TRIES, epochNow, MEMBER, refused, say} from './state.js';

/* False, and a mismatch, if one of these seats is not in our roster: others were told another one (5.4). */
export function seatsHold(c, e, seats) {
  if (!c.mismatched && seats.some((seat) => seat >= e.roster.length))
    mismatch(c, 'not-in-roster', null, e.deadline);
  return !c.mismatched;
}

/* confirm: what the leader vouches for to all, or null. */
function openEntry(c, e, entry, confirm, p) {
  if (!p?.verified)
    fail('bad-signature');
  const plain = openWith(c, p, entry.type, entry.body);
  if (isLed(e.link.source))
    healHeard(c, p, e.roster.length);
  try {
    const secret = openSealed(plain, e.context, e.roster.line(entry.index), e.roster.line(e.me));
    if (isLed(e.link.source) && confirmOf(e.context, secret) !== confirm) {
      wipe(secret);
      fail('wrong-confirm');
    }
    return secret;
  } finally {
    wipe(plain);
  }
}

/* The context or the secret differs: this sender is not asked again in this epoch (5.7). A leader that gives another secret may
 * be its own fault once, and not a fork of the room (5.13). */
function differs(c, e, index, p, error) {
  e.mismatch[index] = true;
  e.acked = false;
  if (isLed(e.link.source)) {
    e.forked = c.doubted || p.differed;
    c.doubted = p.differed = true;
  }
  say(c, 'mismatch', {why: error, epoch: e.link.epoch, instance: e.instance, who: [p.participant]});
}

function take(c, e, entry, confirm) {
  const {index} = entry;
  if (!seatsHold(c, e, [index]))
    return;
  /* Does this sender seal for us, by our roster, or did we ask it to? If not, others were told another one: who is a joiner
   * for them, has the seat of somebody else for us (5.4). */
  if (!roundAny(e.sealing, index, e.me) && !e.asked[index]) {
    mismatchIn(c, 'roster-mismatch', e);
    return;
  }
  if (e.held[index] !== null || e.mismatch[index] || entry.type === WITHHELD)
    return;
  const m = e.roster.entries[index];
  const p = c.peers.get(m.attach);
  try {
    hold(c, e, index, openEntry(c, e, entry, confirm, p));
    c.doubted = false;
  } catch (thrown) {
    const error = codeOf(thrown);
    refused(c, 'key', error, m.participant);
    if (error === 'context-mismatch' || error === 'wrong-confirm') {
      differs(c, e, index, p, error);
    } else if (error === 'cannot-open') {
      resetSession(c, p);
    }
  }
}

/* Nobody's key is ours: then it is we who were told something else. */
function allDiffer(e) {
  if (isShared(e))
    return e.forked;
  return e.mismatch.includes(true) && e.held.every((secret, i) => secret === null || i === e.me);
}

export function handleDeliver(c, d) {
  const e = epochNow(c);
  if (e === null || c.phase !== MEMBER || c.mismatched || d.epoch !== e.link.epoch)
    return;
  seatsHold(c, e, d.silent);
  for (const entry of d.entries)
    if (!c.mismatched)
      take(c, e, entry, d.confirm);
  if (d.part !== d.of || c.mismatched)
    return;
  e.round1Delivered ||= d.round === ROUND_1;
  e.collected ||= d.last;
  if (e.collected && allDiffer(e)) {
    sendAck(c); /* the others learn of it */
    mismatchIn(c, 'context-mismatch', e);
  }
}

/* A busy service put it off: it is said once more, with what is missing by then. False if it was said too often. */
export function ackAgain(c, q) {
  const e = epochNow(c);
  if (e === null || q.epoch !== e.link.epoch)
    return true; /* nobody waits for it any more */
  if (e.ackRepeats >= BUSY_TRIES)
    return false;
  e.ackRepeats++;
  e.ackAt = againAt(c);
  return true;
}

export function ackNext(c) {
  const e = epochNow(c);
  return e !== null && c.phase === MEMBER && !c.mismatched ? e.ackAt : Infinity;
}

/* Whom can we name? All of them, the leader, or nobody (5.14). */
function seatsOf(e) {
  if (!isShared(e))
    return [...e.held.keys()];
  return e.sealing.leader < 0 ? [] : [e.sealing.leader];
}

/* Nobody can give us what is shared: a leader like that is deposed, a passphrase is still being worked on. */
function isHelpless(e) {
  return isShared(e) && e.held[e.me] === null && (e.sealing.leader === e.me || e.sealing.leader < 0);
}

/* If there is something to say. */
export function sendAck(c) {
  const e = epochNow(c);
  if (e === null || c.phase !== MEMBER || c.mismatched || isHelpless(e))
    return;
  if (e.ackAt <= c.now) {
    e.acked = false;
    e.ackAt = Infinity;
  }
  const seats = seatsOf(e), lacking = seats.filter((i) => e.held[i] === null);
  const changed = !e.acked || seats.some((i) => (e.held[i] === null) !== e.reported[i]);
  /* a new session goes first */
  const wait = lacking.some((i) => c.peers.get(e.roster.entries[i].attach)?.resetting);
  if (!changed || wait || (lacking.length > 0 && !e.collected))
    return;
  const missing = lacking.filter((i) => !e.mismatch[i]); /* no retry (5.4) */
  ask(c, {
    kind: 'ack', epoch: e.link.epoch, missing, mismatch: seats.filter((i) => e.mismatch[i]),
    confirm: e.ratcheted ? confirmOf(e.context, e.held[e.me]) : undefined,
  });
  e.acked = true;
  e.ackAt = Infinity;
  e.reported = e.held.map((secret) => secret === null);
  for (const i of missing)
    e.asked[i] = true;
}
