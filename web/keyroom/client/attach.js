/* Challenge, floor, attach; again when that fails; more one-time keys (docs/protocol.md 6.1, 6.2, 7.6, 7.8). */
import {toHex} from '../protocol/bytes.js';
import {codeOf, fail} from '../protocol/err.js';
import {EXPOSED_MS, OTK_LOW, OTK_MAX} from '../protocol/limit.js';
import {AUTHORISE, readPolicy} from '../protocol/policy.js';
import {attachText, keyText} from '../protocol/signed.js';
import {readAttached, readChallenge} from '../message/request.js';
import {bareOf, resourceOf} from '../message/jid.js';
import {brokenUntil, eraseAll, fade, setSending} from './epochs.js';
import {logInstance} from './log.js';
import {wantPassphrase} from './secrets.js';
import {freePeers} from './sessions.js';
import {ask, ATTACHING, CHALLENGING, forPart, MEMBER, NONE, REATTACH_MS, refused, say, WAITING} from './state.js';

/* A room of verified devices, and what verifies is not here yet. */
export function needsPart(c, policy) {
  return policy.authorise === 'verified' && c.part === null && !c.partRefused;
}

export function floorHolds(c, policy) {
  const verified = policy.authorise === 'verified';
  if (verified && (c.part === null || (AUTHORISE[c.floor] === 'verified' && policy.verifiedBy === 'operator' && !c.operatorMayVerify)))
    return false;
  return AUTHORISE.indexOf(policy.authorise) >= c.floor && c.sources.includes(policy.source) &&
         (c.format === null || policy.format === c.format);
}

export function attachAgain(c, wait) {
  c.phase = NONE;
  c.attachAt = c.now + wait;
}

/* The attach is over: sessions, chain and parts go; keys stay. */
export function endAttach(c) {
  freePeers(c);
  c.assembly = null;
  c.pending.length = 0;
  c.phase = NONE;
  c.attachAt = c.askAt = c.detachAt = Infinity;
  c.missedEpoch = 0;
  c.policy = null;
  c.unresolved = c.mismatched = c.doubted = false;
  c.forPart = c.forPart.filter((what) => what.kind !== 'challenge');
}

/* This attach is of no more use: another one; the keys in use hold over it, not for ever. */
export function attachAnew(c) {
  const until = Math.min(c.now + EXPOSED_MS, brokenUntil(c));
  endAttach(c);
  attachAgain(c, 0);
  c.stopAt = Math.min(c.stopAt, until);
}

export function startAttach(c) {
  c.phase = CHALLENGING;
  c.partRefused = false;
  c.detachAt = Infinity;
  c.hasSealed = false;
  c.attachPaid = Math.max(c.attachPaid, c.now) + REATTACH_MS;
  ask(c, {kind: 'challenge'});
}

/* Some refusals do not change by asking again. */
const FINAL = ['revoked', 'key-conflict', 'not-allowed', 'below-floor', 'no-device', 'wrong-participant'];

function failed(c, what, error) {
  refused(c, what, error);
  c.phase = NONE;
  if (error === 'already-attached') /* ours, of an answer that was lost (7.8) */
    sendDetach(c);
  /* No answer came: the time-out was wait enough. */
  c.attachAt = FINAL.includes(error) ? Infinity : c.now + (error === 'no-answer' ? 0 : REATTACH_MS);
}

function signKey(c, kind, key) {
  return {key, sig: c.device.sign(keyText({kind, key, device: c.deviceId, attach: c.attach}))};
}

function makeKeys(c, count) {
  return c.device.makeKeys(count).map((key) => signKey(c, 'one-time', key));
}

function sendAttach(c, challenge) {
  c.attach = toHex(c.random(16));
  if (c.instance !== challenge.instance)
    c.tried.clear();
  logInstance(c, challenge.instance);
  c.instance = challenge.instance;
  const text = {
    room: c.room, instance: challenge.instance, participant: c.nick, owner: challenge.owner, device: c.deviceId,
    attach: c.attach, nonce: challenge.nonce,
  };
  ask(c, {
    kind: 'attach', ...text, sources: c.sources.join(' ') === 'participants' ? undefined : c.sources.join(' '),
    log: c.log.newest, logOrigin: c.log.name?.origin,
    lead: c.lead && c.sources.includes('leader'), ed25519: c.device.ed25519, curve25519: c.device.curve25519,
    sig: c.device.sign(attachText(text)), otks: makeKeys(c, OTK_MAX),
    fallback: signKey(c, 'fallback', c.device.makeFallback()),
  });
}

function ownerIsOurs(c, owner) {
  return owner === '' || owner === c.tokenOwner || (owner === bareOf(c.jid) && resourceOf(owner) === '');
}

export function challengeResult(c, payload, error) {
  if (c.phase !== CHALLENGING)
    return;
  try {
    if (error !== null)
      fail(error);
    const challenge = readChallenge(payload);
    if (challenge.room !== c.room || challenge.participant !== c.nick || !ownerIsOurs(c, challenge.owner))
      fail('wrong-participant');
    const policy = readPolicy(challenge.policyText, c.room);
    if (needsPart(c, policy)) { /* it is taken up again when that is here */
      forPart(c, {kind: 'challenge', payload});
      return;
    }
    if (!floorHolds(c, policy))
      fail('below-floor');
    c.policy = policy;
    if (policy.source === 'passphrase')
      wantPassphrase(c, challenge.instance);
    c.owner = challenge.owner;
    c.phase = ATTACHING;
    sendAttach(c, challenge);
  } catch (thrown) {
    failed(c, 'challenge', codeOf(thrown));
  }
}

function attached(c, waiting, why) {
  c.phase = waiting ? WAITING : MEMBER;
  c.attachAt = Infinity;
  say(c, 'attached', {waiting, why, device: c.deviceId, attach: c.attach, instance: c.instance});
}

/* An announce has let us in. */
export function attachMember(c) {
  attached(c, false, null);
}

export function attachResult(c, payload, error) {
  if (c.phase !== ATTACHING)
    return;
  try {
    if (error !== null)
      fail(error);
    const result = readAttached(payload);
    if (result.room !== c.room)
      fail('malformed');
    attached(c, result.waiting, result.reason);
  } catch (thrown) {
    failed(c, 'attach', codeOf(thrown));
  }
}

/* By our will; keys fade. */
export function detach(c) {
  endAttach(c);
  fade(c);
  setSending(c, null);
  sendDetach(c); /* after the end, which forgets what is pending */
}

export function sendDetach(c) {
  c.detachAt = Infinity;
  c.detached = c.now;
  ask(c, {kind: 'detach'});
}

function staysWithoutKeys(c) {
  return c.inRoom && c.phase === NONE && c.attachAt === Infinity;
}

/* An event for a member came: if we are none and mean to be none, the service does not know. */
export function unasked(c) {
  if (staysWithoutKeys(c))
    c.detachAt = Math.min(c.detachAt, Math.max(c.detached + REATTACH_MS, c.now));
}

/* Unless it was heard, the service counts us as a member on and on: until we attach anew, or are out. */
export function detachResult(c, error) {
  if (['no-answer', 'internal', 'busy', 'quota'].includes(error) && staysWithoutKeys(c))
    c.detachAt = c.now + REATTACH_MS;
}

export function handleLow(c, low) {
  if (c.phase < WAITING || low.attach !== c.attach || low.count >= OTK_LOW || c.pending.some((q) => q.kind === 'keys'))
    return;
  ask(c, {kind: 'keys', attach: c.attach, otks: makeKeys(c, OTK_MAX - low.count), fallback: null});
}

export function handleDetached(c, detached) {
  if (c.phase < WAITING || detached.instance !== c.instance)
    return;
  endAttach(c);
  eraseAll(c);
  say(c, 'detached', {why: detached.reason});
  if (detached.reason === 'instance-over')
    attachAgain(c, 0);
}
