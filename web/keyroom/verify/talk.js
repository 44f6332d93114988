/* Verifications with the other devices of the room, one at a time each (docs/protocol.md 12.2): who asks, what the own person says,
 * and the messages in the Olm session of the two (6.6). */
import {codeOf, fail} from '../protocol/err.js';
import {toHex, wipe} from '../protocol/bytes.js';
import {SAS_ASKED_MAX, SAS_PERSON_MS, SAS_TRIES_MAX} from '../protocol/limit.js';
import {shows} from '../client/presence.js';
import {hasSession, openWith, resetSession, sayTo, sendClaims} from '../client/sessions.js';
import {ask, MEMBER, refused, say, WAITING} from '../client/state.js';
import {attestSend} from './attested.js';
import {askLineFor} from './lines.js';
import {ownStartStands, Sas, unknownTransaction} from './sas.js';
import {emojiOf} from './sas_code.js';
import {readWordOf, REASONS, wordOf} from './sas_text.js';
import {freePeer} from '../client/sessions.js';
import {trustVerified} from './trust.js';

const OUTBOX = 8; /* messages of one verification that wait: two at a time, and some cancels */

/* With one peer. */
export function talkOf(p) {
  return (p.talk ??= {
    sas: null,
    start: null, /* came, and waits for our person until then: */
    askedUntil: Infinity,
    outbox: [], /* messages, in order */
    sending: false, /* the answer to one is awaited */
  });
}

function report(c, p, step, more = {}) {
  say(c, 'verify', {step, who: [p.participant], device: p.device, ...more});
}

function reportEnd(c, p, reason, byPeer) {
  report(c, p, reason === 'mismatch' ? 'mismatch' : 'ended', {reason, why: REASONS[reason], byPeer});
}

/* Of one device in this meeting: verifications that both agreed to, since one held, and how often it asked our person. */
function triedBy(c, device) {
  if (!c.tried.has(device))
    c.tried.set(device, {count: 0, asked: 0});
  return c.tried.get(device);
}

/* --- sending: in order, the next one when the service has taken the one before --- */

function post(p, messages) {
  const {outbox} = talkOf(p);
  outbox.push(...messages.slice(0, OUTBOX - outbox.length)); /* more is only answered to a peer that is not honest */
}

const cancelOf = (transaction, reason) => [{kind: 'cancel', transaction, reason}];

function sendFirst(c, p) {
  const t = talkOf(p), plain = wordOf(t.outbox.shift());
  const {type, body} = sayTo(c, p, plain);
  wipe(plain);
  ask(c, {kind: 'session', to: p.attach, verify: true, type, message: body}, {verifies: true, to: p.attach});
  t.sending = true;
}

/* Without a session one is opened, from a claimed key. */
function findSession(c, p) {
  if (p.claiming)
    return;
  if (p.claimed)
    resetSession(c, p);
  else
    sendClaims(c, [{attach: p.attach}]);
}

function flush(c, p) {
  const t = talkOf(p);
  if (t.outbox.length === 0 || t.sending || !p.verified)
    return;
  if (hasSession(p))
    sendFirst(c, p);
  else
    findSession(c, p);
}

/* --- what has become of it --- */

function verified(c, p) {
  triedBy(c, p.device).count = 0;
  report(c, p, 'verified');
  trustVerified(c, p);
  attestSend(c, p);
}

function ended(c, p, {reason, byPeer}) {
  reportEnd(c, p, reason, byPeer);
  if (reason === 'mismatch' && !byPeer)
    ask(c, {kind: 'alarm', attach: p.attach}); /* the log is to have it too */
}

/* After whatever may have moved it on from `before`, with what it says. */
function follow(c, p, before, messages) {
  const {sas} = talkOf(p);
  post(p, messages);
  if (sas === null || sas.state === before)
    return;
  if (sas.state === 'comparing')
    report(c, p, 'code', {emoji: sas.code.emoji.map(emojiOf), numbers: sas.code.numbers});
  else if (sas.state === 'verified')
    verified(c, p);
  else if (sas.state === 'cancelled')
    ended(c, p, sas);
  else if (sas.state === 'keyed') /* the peer agreed: this is a try */
    triedBy(c, p.device).count++;
}

const isGoingOn = (t) => t.sas !== null && !t.sas.isOver;

function setup(c, p) {
  return {
    room: c.room, instance: c.instance, own: {owner: c.owner, ed25519: c.device.ed25519, curve25519: c.device.curve25519},
    peer: {owner: p.owner, ed25519: p.ed25519, curve25519: p.curve25519},
  };
}

/* make(): {sas, send} of the one that begins. */
function enter(c, p, make) {
  const t = talkOf(p);
  t.sas?.cancel('user');
  t.sas = t.start = null;
  try {
    const {sas, send} = make();
    t.sas = sas;
    follow(c, p, 'started', send);
    return true;
  } catch (error) {
    refused(c, 'verify', codeOf(error), p.participant);
    return false;
  }
}

function begin(c, p) {
  enter(c, p, () => Sas.start(setup(c, p), c.part.keys(c), () => toHex(c.random(16)), c.now));
}

/* The own person agrees to what the peer asked for. */
function agree(c, p) {
  const {start} = talkOf(p);
  if (enter(c, p, () => Sas.answer(setup(c, p), start, c.part.keys(c), c.now)))
    triedBy(c, p.device).count++;
}

/* --- what the peer says --- */

/* Of two starts that cross, ours stands, or is as if never sent: our person has agreed to it already. */
function hearStart(c, p, m) {
  const t = talkOf(p), tried = triedBy(c, p.device);
  if (t.sas?.state === 'started') {
    if (ownStartStands(c.deviceId, p.device))
      return;
    t.start = m;
    agree(c, p);
    return;
  }
  let reason = null;
  if (m.initiator !== p.device || m.responder !== c.deviceId)
    reason = 'wrong-device';
  else if (t.start !== null || isGoingOn(t))
    reason = 'busy';
  else if (tried.count >= SAS_TRIES_MAX || tried.asked >= SAS_ASKED_MAX)
    reason = 'tries';
  if (reason !== null) {
    post(p, cancelOf(m.transaction, reason));
    if (reason !== 'busy')
      reportEnd(c, p, reason, false);
    return;
  }
  tried.asked++;
  Object.assign(t, {start: m, askedUntil: c.now + SAS_PERSON_MS});
  report(c, p, 'asked');
}

function hear(c, p, m) {
  const t = talkOf(p), isCurrent = t.sas !== null && t.sas.subject.transaction === m.transaction;
  if (t.start?.transaction === m.transaction) {
    t.start = null; /* it waits for our person: all it may say is that it does not go on */
    const byPeer = m.kind === 'cancel', reason = byPeer ? m.reason : 'out-of-turn';
    if (!byPeer)
      post(p, cancelOf(m.transaction, reason));
    reportEnd(c, p, reason, byPeer);
  } else if (m.kind === 'start' && !isCurrent) {
    hearStart(c, p, m);
  } else if (isCurrent) {
    const {state} = t.sas;
    follow(c, p, state, t.sas.receive(m, c.now));
  } else {
    refused(c, 'verify', 'unexpected', p.participant);
    post(p, unknownTransaction(m));
  }
}

function wordHeard(c, p, plain) {
  let m;
  try {
    m = readWordOf(plain);
  } catch (error) {
    stop(c, p, 'malformed');
    throw error;
  }
  hear(c, p, m);
}

/* A word of a verification, in a session. */
export function heard(c, n) {
  const hears = c.phase === MEMBER || c.phase === WAITING, p = hears ? c.peers.get(n.from) : undefined;
  if (p === undefined && hears && c.policy?.authorise === 'verified') {
    askLineFor(c, n); /* it waits to be verified, or we do */
    return;
  }
  try {
    if (!p?.verified)
      fail(p === undefined ? 'not-in-roster' : 'bad-signature');
    const plain = openWith(c, p, n.type, n.message);
    try {
      wordHeard(c, p, plain);
    } finally {
      wipe(plain);
    }
  } catch (error) {
    refused(c, 'session', codeOf(error), p?.participant);
  }
}

/* --- the own person --- */

/* null, or why nobody can be verified there. */
export function whyNotVerifiable(c, p) {
  if (p === undefined)
    return 'not-in-roster';
  if (c.mismatched) /* the others see another room: what they would say is not of this one */
    return 'context-mismatch';
  if (!p.verified)
    return 'bad-signature';
  return shows(c, p.participant, p.device) ? null : 'not-in-presence';
}

/* Begins one, or agrees to the one that is asked for. */
export function want(c, p) {
  const t = talkOf(p);
  if (isGoingOn(t))
    refused(c, 'verify', 'unexpected', p.participant);
  else if (triedBy(c, p.device).count >= SAS_TRIES_MAX)
    reportEnd(c, p, 'tries', false);
  else if (t.start !== null)
    agree(c, p);
  else
    begin(c, p);
}

export function answer(c, p, same) {
  const {sas} = talkOf(p), before = sas?.state;
  if (before !== 'comparing' || sas.confirmed)
    refused(c, 'verify', 'unexpected', p.participant);
  else
    follow(c, p, before, sas.confirm(same));
}

/* If any goes on. */
export function stop(c, p, reason) {
  const t = talkOf(p), {start} = t;
  if (start !== null) {
    t.start = null;
    post(p, cancelOf(start.transaction, reason));
    reportEnd(c, p, reason, false);
  } else if (t.sas !== null) {
    follow(c, p, t.sas.state, t.sas.cancel(reason));
  }
}

/* --- ends and time --- */

/* The service's answer to what was sent. */
export function sent(c, q, error) {
  const p = c.peers.get(q.to);
  if (p === undefined)
    return;
  const t = talkOf(p);
  t.sending = false;
  if (error === null || error === 'no-answer') /* it may have come through */
    return;
  refused(c, 'verify', error, p.participant);
  t.outbox.length = 0;
  stop(c, p, error === 'not-in-room' ? 'gone' : 'timeout');
  t.outbox.length = 0; /* nor would the word of it come through */
  if (p.outside && error === 'not-in-room')
    freePeer(c, p);
}

export function peerGone(c, p) {
  if (p.talk !== undefined)
    stop(c, p, 'gone');
}

export function time(c) {
  for (const p of [...c.peers.values()].filter((x) => x.talk !== undefined)) {
    const t = p.talk;
    if (t.start !== null && t.askedUntil <= c.now)
      stop(c, p, 'timeout');
    if (t.sas !== null)
      follow(c, p, t.sas.state, t.sas.tick(c.now));
    flush(c, p);
  }
}

export function next(c) {
  let due = Infinity;
  for (const {talk: t} of c.peers.values())
    if (t !== undefined)
      due = Math.min(due, t.start !== null ? t.askedUntil : Infinity, isGoingOn(t) ? t.sas.deadline : Infinity);
  return due;
}
