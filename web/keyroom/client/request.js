/* Answers to what was asked, and what becomes of what is not answered. */
import {attr, payloadOf} from '../message/el.js';
import {errorOf} from '../message/request.js';
import {attachAnew, attachResult, challengeResult, detachResult} from './attach.js';
import {logResult} from './log.js';
import {claimResult} from './sessions.js';
import {sealResult} from './seal.js';
import {ackAgain} from './open.js';
import {againAt, BUSY_TRIES, epochNow, HURRY_MS, LATE_MS, post, REATTACH_MS, refused} from './state.js';

/* error: null for a result, else why there is none (`no-answer`: not in time). */
function whole(c, q, error) {
  if (error === 'not-member' || error === 'not-occupant' || error === 'unknown-room') {
    if (!c.mismatched) /* what does not hold is healed by nobody's word but the user's (5.4) */
      attachAnew(c);
  } else if (error !== null) {
    if (error !== 'stale-epoch')
      refused(c, q.kind, error);
    c.askAt = Math.min(c.askAt, c.now + REATTACH_MS);
  } else {
    c.answered = true;
  }
}

function detach(c, q, error) {
  if (error !== null && error !== 'not-member' && error !== 'stale-epoch' && !c.detachTold)
    refused(c, q.kind, error);
  c.detachTold = error !== null;
  detachResult(c, error);
}

/* What was for an epoch is for nothing when the next one is announced; keys are for all of them. */
function isPast(c, q) {
  return q.kind !== 'keys' && !q.verifies && q.epoch !== epochNow(c)?.link.epoch;
}

/* 9.3: the service was busy. A later part of an envelope is unexpected if an earlier one was put off. */
function putOff(c, q, error) {
  const busy = error === 'busy' || (error === 'unexpected' && q.kind === 'envelope' && q.part > 1);
  if (!busy || q.request === null || q.overdue || q.repeats >= BUSY_TRIES || isPast(c, q))
    return false;
  if (q.seals)
    epochNow(c).posted = false; /* for now */
  q.repeats++;
  q.putOff = true;
  q.due = againAt(c);
  c.pending.unshift(q);
  return true;
}

/* Its time has come, unless an earlier part goes first. */
function repeat(c, q) {
  const earlier = c.pending.find((x) => x.putOff && x.kind === 'envelope' && q.kind === 'envelope' && x.epoch === q.epoch &&
                                        x.round === q.round && x.part < q.part);
  if (earlier !== undefined) {
    q.due = Math.max(q.due, earlier.due);
    return false;
  }
  q.putOff = false;
  post(c, q, q.request);
  if (q.seals)
    epochNow(c).posted = true;
  return true;
}

function answered(c, q, payload, error) {
  switch (q.kind) {
  case 'challenge':
    return challengeResult(c, payload, error);
  case 'attach':
    return attachResult(c, payload, error);
  case 'claim':
    return claimResult(c, q, payload, error);
  case 'envelope':
    return sealResult(c, q, error);
  case 'whole':
    return whole(c, q, error);
  case 'detach':
    return detach(c, q, error);
  case 'proof':
    return logResult(c, payload, error);
  case 'line':
    return c.part.lineResult(c, q, payload, error);
  case 'session':
    if (q.verifies)
      return c.part.sent(c, q, error);
    return error === null ? undefined : refused(c, q.kind, error);
  case 'ack':
    if (error === 'busy' && ackAgain(c, q))
      return undefined;
    /* fall through */
  default:
    if (error !== null && error !== 'stale-epoch')
      refused(c, q.kind, error);
  }
}

export function handleAnswer(c, iq) {
  const type = attr(iq, 'type');
  const at = c.pending.findIndex((q) => q.id === attr(iq, 'id'));
  if (attr(iq, 'from') !== c.service || (type !== 'result' && type !== 'error') || at < 0)
    return;
  const [q] = c.pending.splice(at, 1), error = type === 'error' ? errorOf(iq) : null;
  if (!putOff(c, q, error))
    answered(c, q, payloadOf(iq), error);
}

export function requestTime(c) {
  for (let i = 0; i < c.pending.length;) {
    const q = c.pending[i], e = epochNow(c);
    const past = q.overdue && q.kind === 'envelope' && (e === null || q.epoch !== e.link.epoch);
    if (q.due > c.now && !past) {
      i++;
      continue;
    }
    if (q.putOff && !isPast(c, q)) {
      i = repeat(c, q) ? 0 : i + 1;
      continue;
    }
    if (q.putOff) {
      c.pending.splice(i, 1);
      answered(c, q, null, 'busy');
      i = 0;
      continue;
    }
    if ((q.kind === 'claim' || q.kind === 'envelope') && !q.overdue) { /* counted as lost, but a late answer is welcome */
      q.overdue = true;
      q.due = q.sent + LATE_MS;
      answered(c, q, null, 'no-answer');
    } else {
      c.pending.splice(i, 1);
      if (!q.overdue)
        answered(c, q, null, 'no-answer');
    }
    i = 0; /* the answer may have changed the list */
  }
}

/* Nobody will answer what was asked: ends the claims under way; the keys are asked for again, the rest of the answers
 * changes nothing. */
export function requestLost(c) {
  for (const q of c.pending)
    if (q.kind === 'claim')
      q.due = c.now;
  requestTime(c);
}

/* The service shows up anew: what it was asked before may be lost, and is not waited for as long. */
export function hurry(c) {
  for (const q of c.pending)
    if (q.kind === 'challenge' || q.kind === 'attach')
      q.due = Math.min(q.due, c.now + HURRY_MS);
}
