/* Sealing our secret for those who need it (docs/protocol.md 5.10, 6.4, 7.5). */
import {wipe} from '../protocol/bytes.js';
import {RATCHET} from '../protocol/context.js';
import {codeOf} from '../protocol/err.js';
import {CIPHERTEXT_MAX, RESET_MS, SPLIT_LEN, SUPPLEMENTS_MAX} from '../protocol/limit.js';
import {packedLen, WITHHELD, WITHHELD_ATTACH, WITHHELD_PRESENCE, WITHHELD_SESSION, WITHHELD_UNVERIFIED} from '../protocol/pack.js';
import {isLed} from '../protocol/policy.js';
import {round1Exists, roundHas} from '../protocol/rounds.js';
import {confirmOf, sealedPlain} from '../protocol/schedule.js';
import {recipientsDigest, ROUND_1, ROUND_2, sealedText, SUPPLEMENT} from '../protocol/signed.js';
import {mismatchIn} from './apply.js';
import {seatsHold} from './open.js';
import {shows} from './presence.js';
import {isShared} from './secrets.js';
import {hasSession, resetSession, sayTo, sendClaims} from './sessions.js';
import {
  ask, epochNow, MEMBER, REATTACH_MS, refused, TO_ABSENT, TO_SEALED, TO_SESSIONLESS, TO_WANTED, TO_WITHHELD,
} from './state.js';

function peerOf(c, e, i) {
  return c.peers.get(e.roster.entries[i].attach);
}

/* 0, or why nothing is sealed for this line now. */
function whyNot(c, p) {
  if (!p?.verified)
    return WITHHELD_ATTACH;
  if (!shows(c, p.participant, p.device))
    return WITHHELD_PRESENCE;
  if (c.policy.authorise === 'verified' && !c.part.holds(c, p))
    return WITHHELD_UNVERIFIED;
  return hasSession(p) ? 0 : WITHHELD_SESSION;
}

function isRecipient(e, round, i) {
  if (i === e.me)
    return false;
  if (round !== SUPPLEMENT)
    return roundHas(e.sealing, round, e.me, i);
  return e.supplements[i] < SUPPLEMENTS_MAX && [TO_WANTED, TO_ABSENT, TO_SESSIONLESS].includes(e.to[i]);
}

function recipientsOf(e, round) {
  return [...e.to.keys()].filter((i) => isRecipient(e, round, i));
}

/* Claims keys for the recipients of the round that lack a session. True while answers are awaited. */
function claimFor(c, e, round) {
  const targets = [];
  let waiting = false;
  for (const i of recipientsOf(e, round)) {
    const p = peerOf(c, e, i);
    /* without a session, and not asked for: the peer opens one, or the service wants us to */
    if (p === undefined || whyNot(c, p) !== WITHHELD_SESSION || e.to[i] === TO_SESSIONLESS)
      continue;
    /* in round 2 a joiner's session comes with its round 1 */
    if (round === ROUND_2 && e.roster.entries[i].isNew && round1Exists(e.sealing)) {
      waiting ||= !e.round1Delivered;
      continue;
    }
    const late = p.tries > 0 && c.now >= e.announced + e.deadline;
    if (!p.claiming && !p.claimed && !late)
      targets.push({attach: p.attach, reset: p.claimReset});
    else if (!p.claiming && round === SUPPLEMENT)
      resetSession(c, p);
    waiting ||= p.claiming;
  }
  if (targets.length > 0)
    sendClaims(c, targets);
  return waiting || targets.length > 0;
}

/* The entry, or null. */
function sealOne(c, e, p, index) {
  const plain = sealedPlain(e.held[e.me], e.context, e.roster.line(e.me), e.roster.line(index));
  try {
    const {type, body} = sayTo(c, p, plain);
    return body.length <= CIPHERTEXT_MAX ? {index, type, body} : null;
  } catch (error) {
    codeOf(error);
    return null;
  } finally {
    wipe(plain);
  }
}

const WHY_TOLD = {
  [WITHHELD_ATTACH]: 'bad-signature', [WITHHELD_PRESENCE]: 'not-in-presence', [WITHHELD_UNVERIFIED]: 'not-verified',
};

function withhold(c, e, p, index, why) {
  e.to[index] = why === WITHHELD_PRESENCE || why === WITHHELD_UNVERIFIED ? TO_ABSENT : why === WITHHELD_SESSION ? TO_SESSIONLESS : TO_WITHHELD;
  if (p !== undefined && !p.told && why !== WITHHELD_SESSION) {
    p.told = true;
    refused(c, 'line', WHY_TOLD[why], p.participant);
  }
  return {index, type: WITHHELD, body: Uint8Array.of(why)};
}

/* {entries, sealed}: what the envelope holds, and the attaches sealed for, in roster order. */
function fill(c, e, round) {
  const entries = [], sealed = [];
  for (const i of recipientsOf(e, round)) {
    const p = peerOf(c, e, i);
    let why = whyNot(c, p);
    if (round === SUPPLEMENT && why !== 0)
      continue; /* it stays asked for */
    const entry = why === 0 ? sealOne(c, e, p, i) : null;
    if (why === 0 && entry === null)
      why = WITHHELD_SESSION;
    if (why !== 0) {
      entries.push(withhold(c, e, p, i, why));
      continue;
    }
    entries.push(entry);
    sealed.push(p.attach);
    e.to[i] = TO_SEALED;
    e.supplements[i] += round === SUPPLEMENT ? 1 : 0;
  }
  return {entries, sealed};
}

/* As many entries in a part as fit: base64 turns 3 bytes into 4. */
function split(entries) {
  const parts = [];
  let room = 0;
  for (const entry of entries) {
    const len = packedLen(entry.body.length);
    if (len > room) {
      parts.push([]);
      room = SPLIT_LEN / 4 * 3;
    }
    parts.at(-1).push(entry);
    room -= len;
  }
  return parts;
}

function sealRound(c, e, round) {
  const {entries, sealed} = fill(c, e, round);
  const confirm = isLed(e.link.source) ? confirmOf(e.context, e.held[e.me]) : undefined;
  const sig = c.device.sign(sealedText({
    room: c.room, instance: e.instance, epoch: e.link.epoch, context: e.context, attach: c.attach, round,
    recipients: recipientsDigest(sealed), confirm,
  }));
  const parts = split(entries);
  parts.forEach((part, i) => {
    const last = i + 1 === parts.length;
    const seals = last && sealed.length > 0; /* the last part of one with at least one secret in it */
    ask(c, {
      kind: 'envelope', epoch: e.link.epoch, round, part: i + 1, of: parts.length,
      sig: last ? sig : undefined, confirm: last ? confirm : undefined, entries: part,
    }, {instance: e.instance, epoch: e.link.epoch, seals, round});
    e.posted ||= seals;
    c.hasSealed ||= seals;
  });
}

/* A joiner's round 1 is waited for no longer; nor are the keys that a leader claims: it is deposed if nothing comes of it by
 * the end of collecting (8.2), and what is withheld for want of a session comes later. */
function round1Late(e) {
  return e.announced + Math.floor(e.deadline * 3 / 8);
}

function hasSupplement(c, e) {
  return recipientsOf(e, SUPPLEMENT).some((i) => {
    const why = whyNot(c, peerOf(c, e, i));
    return why === 0 || (why === WITHHELD_SESSION && e.to[i] !== TO_SESSIONLESS);
  });
}

export function sealAdvance(c) {
  const e = epochNow(c);
  if (e === null || c.phase !== MEMBER || c.mismatched || e.held[e.me] === null)
    return;
  if (!e.round1Sent && !claimFor(c, e, ROUND_1)) {
    e.round1Sent = true;
    sealRound(c, e, ROUND_1);
  }
  if (e.round1Sent && !e.round2Sent) {
    const late = c.now >= round1Late(e);
    e.round1Delivered ||= late;
    if (!claimFor(c, e, ROUND_2) || (late && isShared(e))) {
      e.round2Sent = true;
      sealRound(c, e, ROUND_2);
      const ratcheted = e.link.kind === RATCHET && !e.roster.entries[e.me].isNew;
      if (e.roster.length === 1 || ratcheted)
        e.sealed = true;
    }
  }
  if (e.round2Sent && hasSupplement(c, e) && !claimFor(c, e, SUPPLEMENT))
    sealRound(c, e, SUPPLEMENT);
}

/* When a new session may be asked for again, for those who want our secret and whom we have none with. */
function nextReset(c, e) {
  let due = Infinity;
  for (const i of recipientsOf(e, SUPPLEMENT)) {
    const p = peerOf(c, e, i);
    if (e.to[i] !== TO_SESSIONLESS && p !== undefined && p.resetAt !== -Infinity && !p.claiming &&
        whyNot(c, p) === WITHHELD_SESSION)
      due = Math.min(due, p.resetAt + RESET_MS);
  }
  return due;
}

export function sealNext(c) {
  const e = epochNow(c);
  if (e === null || c.phase !== MEMBER || c.mismatched)
    return Infinity;
  if (e.round2Sent)
    return nextReset(c, e);
  return e.round1Sent && (!e.round1Delivered || isShared(e)) ? round1Late(e) : Infinity;
}

export function handleWanted(c, w) {
  const e = epochNow(c);
  if (e === null || c.mismatched || w.epoch !== e.link.epoch || !seatsHold(c, e, w.recipients))
    return;
  if (isShared(e) && e.sealing.leader !== e.me) { /* it is not ours to give */
    refused(c, 'wanted', 'unexpected');
    return;
  }
  for (const i of w.recipients)
    e.to[i] = TO_WANTED;
}

/* Only what the service took counts (5.12). */
export function sealResult(c, q, error) {
  const e = epochNow(c);
  if (e === null || q.epoch !== e.link.epoch || q.instance !== e.instance)
    return;
  if (error === null) {
    e.sealed ||= q.seals;
    return;
  }
  refused(c, 'envelope', error);
  if (error === 'bad-signature' && !c.mismatched) /* what we signed is our context: the service's is another one (5.4) */
    mismatchIn(c, 'context-mismatch', e);
  else if (q.round === SUPPLEMENT) /* what is still wanted comes with the whole (6.7) */
    c.askAt = Math.min(c.askAt, c.now + REATTACH_MS);
  else
    e.posted = false;
}
