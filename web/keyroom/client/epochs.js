/* Epochs from announce to erasure, and which key to send with (docs/protocol.md 5.12). Frame keys themselves are held elsewhere (frame/keys.js): the output says what changes. */
import {wipe} from '../protocol/bytes.js';
import {EPOCHS_HELD_MAX, ERASE_MS, UNSEALED_STOP_MS} from '../protocol/limit.js';
import {seatsHold} from './open.js';
import {decide, KEEP, STOP, SWITCH_CLOCK} from './sending.js';
import {epochNow, MEMBER, say} from './state.js';

export const JFRAME_RING = 16;

/* Whose key our frames have from now on; null: they have none, and do not go out. */
export function setSending(c, e) {
  if (c.sending !== e)
    c.out.frames.push({op: 'send', id: e === null ? null : e.id});
  c.sending = e;
}

function erase(c, e) {
  if (c.sending === e)
    setSending(c, null);
  c.epochs.splice(c.epochs.indexOf(e), 1);
  e.held.forEach(wipe);
  e.held.fill(null); /* a wiped secret is none */
  c.out.frames.push({op: 'erase', id: e.id});
}

export function eraseAll(c) {
  for (const e of [...c.epochs])
    erase(c, e);
}

/* Frames name a JFrame epoch by its index alone, so no two that are held share one (5.9). */
function freeIndex(c, link) {
  for (const e of [...c.epochs])
    if (link.format === 'jframe' && e.link.format === 'jframe' && e !== c.sending &&
        e.link.epoch % JFRAME_RING === link.epoch % JFRAME_RING)
      erase(c, e);
}

/* More than four: the oldest goes that nobody sends with, ourselves included. */
function bound(c) {
  while (c.epochs.length > EPOCHS_HELD_MAX)
    erase(c, c.epochs.slice(1).filter((e) => e !== c.sending).at(-1));
}

/* facts: {link, roster, me, deadline, context} */
export function newEpoch(c, facts) {
  freeIndex(c, facts.link);
  const n = facts.roster.length;
  const e = {
    ...facts, id: c.nextEpochId++, instance: c.instance, attach: c.attach, /* an older attach's epochs only receive */
    announced: c.now,
    round1Sent: false, round2Sent: false, round1Delivered: false, collected: false, committed: false, acked: false,
    posted: false, /* our secret is on its way to somebody */
    sealed: false, /* the service has taken it, or nobody needs it */
    eraseAt: Infinity, /* not replaced yet */
    /* per roster index: */
    held: Array(n).fill(null), /* secrets */
    to: Array(n).fill(0),
    supplements: Array(n).fill(0),
    reported: Array(n).fill(false), /* missing as last acked */
    asked: Array(n).fill(false), /* missing in any ack: it may be sealed again */
    mismatch: Array(n).fill(false), /* whose context or secret differed */
    ackAt: Infinity, ackRepeats: 0, /* of an ack that was put off */
    ratcheted: false, /* the leader's secret, by ourselves */
    forked: false, /* the secret of its leader differs, and not for the first time (5.13) */
  };
  c.epochs.unshift(e);
  c.out.frames.push({
    op: 'epoch', id: e.id, epoch: e.link.epoch, format: e.link.format, suite: e.link.suite, attach: e.attach,
    participants: e.roster.entries.map((m) => m.participant), me: e.me,
  });
  bound(c);
  return e;
}

/* 5 s left for these. */
function fadeThese(c, epochs) {
  for (const e of epochs)
    e.eraseAt = Math.min(e.eraseAt, c.now + ERASE_MS);
}

function replaced(c, by) {
  fadeThese(c, c.epochs.slice(c.epochs.indexOf(by) + 1));
}

export function fade(c) {
  fadeThese(c, c.epochs);
}

export function epochTime(c) {
  for (const e of [...c.epochs])
    if (e.eraseAt <= c.now && e !== c.sending)
      erase(c, e);
}

export function handleCommit(c, n) {
  const e = epochNow(c);
  if (e === null || n.epoch !== e.link.epoch || e.committed ||
      !seatsHold(c, e, n.laggards) || !seatsHold(c, e, n.silent))
    return;
  e.committed = true;
  if (n.silent.includes(e.me))
    e.posted = false; /* what we posted has not arrived */
  say(c, 'commit', {instance: e.instance, epoch: e.link.epoch, exposure: n.exposure});
  replaced(c, e);
}

/* Somebody of the key in use is not in this epoch: however many epochs follow, that key ends in time (5.12). */
export function expireFor(c, e) {
  if (c.sending?.roster.entries.some((m) => e.roster.find(m.attach) < 0))
    c.expireAt = Math.min(c.expireAt, e.announced + e.deadline + UNSEALED_STOP_MS);
}

function sendWith(c, e, byClock) {
  say(c, 'switch', {instance: e.instance, epoch: e.link.epoch, byClock});
  setSending(c, e);
  c.stopAt = c.expireAt = Infinity;
  for (const newer of c.epochs.slice(0, c.epochs.indexOf(e)))
    expireFor(c, newer);
}

/* An announce says so: the commit itself did not reach us. Who sends with a newer one already has no way back. */
export function wasCommitted(c, epoch) {
  const e = c.epochs.find((x) => x.link.epoch === epoch && x.instance === c.instance && x.attach === c.attach);
  if (e === undefined || e.committed || (c.sending?.attach === e.attach && c.sending.link.epoch > e.link.epoch))
    return;
  e.committed = true;
  say(c, 'commit', {instance: e.instance, epoch: e.link.epoch, exposure: null});
  if ((e.sealed || e.posted) && c.sending !== e && !c.mismatched)
    sendWith(c, e, false);
  replaced(c, e);
}

function factsOf(c, e) {
  if (c.mismatched)
    return {...c.broken, sealed: false, committed: false, mismatched: true, sending: c.sending !== null, current: false};
  return {
    announced: e.announced, deadline: e.deadline, sealed: e.sealed || (e.committed && e.posted), committed: e.committed,
    mismatched: false, sending: c.sending !== null, current: c.sending === e,
  };
}

function stop(c, why) {
  say(c, 'stop', {instance: c.sending.instance, epoch: c.sending.link.epoch, why});
  setSending(c, null);
  c.stopAt = c.expireAt = Infinity;
}

/* When sending must end at the latest, for what did not hold or is not answered. Infinity: nothing of that kind. */
export function brokenUntil(c) {
  return c.unresolved || c.mismatched ? c.broken.announced + c.broken.deadline + UNSEALED_STOP_MS : Infinity;
}

/* An announce does not hold and its whole does not come: until then we send with what we have. */
function unresolvedUntil(c) {
  return c.unresolved ? brokenUntil(c) : Infinity;
}

/* Decides what to send with. */
export function epochSend(c) {
  const e = epochNow(c);
  if (c.sending === null)
    c.stopAt = c.expireAt = Infinity;
  if (c.sending !== null && c.stopAt <= c.now) {
    stop(c, 'not-member');
    fadeThese(c, c.epochs.filter((x) => x.attach !== c.attach));
  }
  if (c.sending !== null && c.expireAt <= c.now)
    stop(c, c.mismatched ? 'mismatched' : 'overdue');
  if (c.sending !== null && unresolvedUntil(c) <= c.now)
    stop(c, 'unresolved');
  if (e === null || c.phase < MEMBER || unresolvedUntil(c) <= c.now)
    return;
  const {what} = decide(factsOf(c, e), c.now);
  if (what === KEEP)
    return;
  if (what === STOP) {
    say(c, 'stop', {instance: e.instance, epoch: e.link.epoch, why: c.mismatched ? 'mismatched' : 'unsealed'});
    setSending(c, null);
    return;
  }
  sendWith(c, e, what === SWITCH_CLOCK);
  replaced(c, e);
}

export function epochNext(c) {
  let due = c.sending === null ? Infinity : Math.min(unresolvedUntil(c), c.stopAt, c.expireAt);
  for (const e of c.epochs)
    if (e !== c.sending)
      due = Math.min(due, e.eraseAt);
  const e = epochNow(c);
  if (e !== null && c.phase === MEMBER && unresolvedUntil(c) > c.now)
    due = Math.min(due, decide(factsOf(c, e), c.now).next);
  return due;
}
