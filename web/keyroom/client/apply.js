/* From a complete announce to an epoch: floor, number, roster, chain, lines (docs/protocol.md 3.5, 5.1 - 5.5, 7.2). */
import {contextOf, FRESH, RATCHET} from '../protocol/context.js';
import {codeOf, fail} from '../protocol/err.js';
import {CHAIN_MAX, DEADLINE_MAX_MS} from '../protocol/limit.js';
import {isLed, policyAllows, policyHash, readPolicy} from '../protocol/policy.js';
import {sealingOf} from '../protocol/rounds.js';
import {Roster} from '../protocol/roster.js';
import {attachText, deviceId, verifyText} from '../protocol/signed.js';
import {attachAnew, attachMember, detach, floorHolds, needsPart} from './attach.js';
import {expireFor, JFRAME_RING, newEpoch, wasCommitted} from './epochs.js';
import {checkLog, logAlarm, logAnnounced, named} from './log.js';
import {shows} from './presence.js';
import {requestLost} from './request.js';
import {firstKeys} from './secrets.js';
import {freePeer, newPeer} from './sessions.js';
import {epochNow, MEMBER, refused, say, see} from './state.js';

export function mismatch(c, error, who, deadline, announced = c.now) {
  /* the bound of 5.12 runs from the first announce that did not hold */
  if (!c.mismatched && !c.unresolved)
    c.broken = {announced, deadline};
  c.mismatched = true;
  c.unresolved = false;
  say(c, 'mismatch', {why: error, epoch: c.seenEpoch, instance: c.instance, who: who === null ? [] : [who]});
}

/* It shows in an epoch that held: 5.12 counts from its announce. */
export function mismatchIn(c, error, e) {
  mismatch(c, error, null, e.deadline, e.announced);
}

/* The announce with what a brief one leaves out, and its policy (7.2); all but the roster. */
function fill(c, a, last) {
  if (!a.full && last?.link.epoch !== a.prev)
    fail('chain-broken');
  const policy = a.policyText === null ? c.policy : readPolicy(a.policyText, c.room);
  if (policy === null || (a.full && a.policyText === null))
    fail('malformed');
  const link = {
    ...a.link, source: a.link.source ?? last.link.source, format: policy.format, suite: policy.suite,
    policy: policyHash(policy, c.room),
  };
  return {...a, link, policy, prevContext: a.full ? a.prevContext : last.context};
}

function checkPolicy(c, a) {
  if (!policyAllows(a.policy, a.link.source))
    fail('chain-broken');
  return floorHolds(c, a.policy) && c.sources.includes(a.link.source) ? a.policy : fail('below-floor');
}

/* A ratchet goes on from the epoch announced before it: what it ratchets is made in the same way, by the same leader (5.13). */
function mayFollow(before, link) {
  return link.kind === FRESH || (before.source === link.source && (!isLed(link.source) || before.leader === link.leader));
}

/* By our own chain (5.3): {prev, contexts, fresh, before}: the context before the announced epoch, those of the epochs between
 * ours and it, whether one of them was fresh, so that nothing of ours leads on, and the last link (null: none). */
function checkChain(c, a, last) {
  if (last === null)
    return a.prevContext !== null || a.link.epoch === 1 ? {prev: a.prevContext, contexts: [], fresh: false, before: null}
                                                        : fail('chain-broken');
  if (a.prevContext === null)
    fail('chain-broken');
  const missed = {prev: last.context, contexts: [], fresh: false, before: last.link};
  let at = last.link.epoch;
  for (const link of a.past) {
    if (link.epoch <= at)
      continue;
    if (missed.contexts.length === CHAIN_MAX || !mayFollow(missed.before, link))
      fail('chain-broken');
    missed.prev = contextOf(c.room, c.instance, missed.prev, named(c, link));
    missed.contexts.push(missed.prev);
    missed.fresh ||= link.kind === FRESH;
    missed.before = link;
    at = link.epoch;
  }
  return at === a.prev && missed.prev === a.prevContext ? missed : fail('chain-broken');
}

function makeRoster(a, last) {
  const listed = new Set([...a.members.map((m) => m.attach), ...a.gone]);
  const kept = a.full ? [] : last.roster.entries.filter((m) => !listed.has(m.attach));
  const roster = new Roster([...kept.map((m) => ({...m, isNew: false})), ...a.members]);
  const holds = a.full ? roster.length === a.size && roster.digest === a.link.roster : roster.digest.startsWith(a.check);
  return holds ? roster : fail('roster-mismatch');
}

/* A ratchet is followed by everybody who was in the epoch before, through all ratchets that we missed too: nobody of those
 * may be missing, or leavers would follow it, and nobody of them may count as new (5.5, 5.10). */
function ratchetHolds(last, roster) {
  return last.roster.entries.every((m) => {
    const at = roster.find(m.attach);
    return at >= 0 && !roster.entries[at].isNew;
  });
}

/* Our own index: a line as we signed it; and what a ratchet must have. */
function checkRoster(c, a, last, missed, roster) {
  const me = roster.find(c.attach);
  if (me < 0)
    fail('not-in-roster');
  const m = roster.entries[me];
  if (m.participant !== c.nick || m.owner !== c.owner || m.ed25519 !== c.device.ed25519 ||
      m.curve25519 !== c.device.curve25519)
    fail('roster-mismatch');
  if (a.link.kind === RATCHET && last !== null && !missed.fresh && !ratchetHolds(last, roster))
    fail('roster-mismatch');
  if (a.link.kind === RATCHET && roster.joinerCount === 0)
    fail('roster-mismatch'); /* nobody came: somebody is kept from us */
  return me;
}

/* From the index that the announce gives to the attach that the context names; and what the epoch must be with this leader
 * (5.13, 5.15). */
function checkLeader(c, a, missed, roster, link) {
  const led = isLed(link.source);
  if (led !== (a.leader !== null) || (led && a.leader >= roster.length))
    fail('malformed');
  const m = led ? roster.entries[a.leader] : null;
  link.leader = m?.attach ?? null;
  if ((missed.before !== null && !mayFollow(missed.before, link)) || (led && link.kind === RATCHET && m.isNew))
    fail('chain-broken');
  if (link.source === 'service' && deviceId(m.ed25519, m.curve25519) !== c.serviceDevice)
    fail('wrong-leader');
}

/* The others ratchet what we sealed in this attach, and we cannot: what we would draw anew, they would not hold. */
function lostOurOwn(c, a, last, missed, isNew) {
  const follows = last !== null && last.held[last.me] !== null;
  return a.link.kind === RATCHET && a.link.source === 'participants' && !isNew && !follows && !missed.fresh && c.hasSealed;
}

/* A JFrame epoch drops the one held with its index (5.9): if that is what it should ratchet from, nothing is left to follow. */
function takesItsIndex(c, link, last) {
  return link.kind === RATCHET && last !== null && last !== c.sending && link.format === 'jframe' &&
         last.link.format === 'jframe' && link.epoch % JFRAME_RING === last.link.epoch % JFRAME_RING;
}

/* 3.5 (a) and (b). */
function lineVerifies(c, m) {
  return deviceId(m.ed25519, m.curve25519) === m.device &&
         verifyText(m.ed25519, attachText({...m, room: c.room, instance: c.instance}), m.sig);
}

/* The peer of an announced or asked-for line. */
export function peerOfLine(c, m) {
  let p = c.peers.get(m.attach);
  /* an attach with other keys is another one, whatever its id */
  if (p !== undefined && ['curve25519', 'ed25519', 'participant', 'owner'].some((k) => p[k] !== m[k])) {
    freePeer(c, p);
    p = undefined;
  }
  p ??= newPeer(c, m);
  p.device = m.device;
  const line = [m.device, m.nonce, m.sig].join(' '); /* what is told again is not verified again */
  if (p.line !== line)
    p.verified = lineVerifies(c, m);
  p.line = line;
  if (p.verified) {
    const o = c.occupants.get(p.participant);
    see(c, p.device, {owner: p.owner, ...(o?.device === p.device && !o.isAdmin ? {admin: false} : {})}); /* it is back, and no admin any more */
  }
  c.part?.lookAt(c, p);
  return p;
}

function updatePeers(c, a, roster) {
  for (const m of a.members)
    if (m.attach !== c.attach)
      peerOfLine(c, m).outside = false;
  for (const p of [...c.peers.values()]) {
    p.tries = 0;
    if (p.unclaimable && !p.claiming && p.sessions.length === 0)
      p.claimed = false; /* an epoch, another try */
    if (roster.find(p.attach) < 0 && !(p.outside && shows(c, p.participant, p.device)))
      freePeer(c, p);
  }
}

function apply(c, a, last) {
  const policy = checkPolicy(c, a);
  checkLog(c, a);
  const missed = checkChain(c, a, last);
  const roster = makeRoster(a, last);
  const me = checkRoster(c, a, last, missed, roster);
  const {isNew} = roster.entries[me];
  const link = {...a.link, roster: roster.digest};
  checkLeader(c, a, missed, roster, link);
  /* without a chain of our own: as a joiner, or in answer to our asking */
  if (last === null && !isNew && !(c.unresolved && a.full))
    fail('chain-broken');
  if (lostOurOwn(c, a, last, missed, isNew))
    fail('bad-state');
  if (takesItsIndex(c, link, last))
    fail('bad-state');
  c.policy = policy;
  updatePeers(c, a, roster);
  const e = newEpoch(c, {
    link, sealing: sealingOf(roster, link), roster, me, deadline: Math.min(a.deadline, DEADLINE_MAX_MS),
    context: contextOf(c.room, c.instance, missed.prev, named(c, link)),
  });
  firstKeys(c, e, link.kind === RATCHET ? last : null, missed);
  expireFor(c, e);
  if (c.phase !== MEMBER)
    attachMember(c);
  c.unresolved = false;
  c.askAt = Infinity;
  say(c, 'announce', {
    instance: e.instance, epoch: e.link.epoch, epochKind: e.link.kind, reasons: a.reasons, context: e.context,
    who: roster.entries.map((m) => m.participant), roster: roster.digest, source: link.source,
    leader: e.sealing.leader < 0 ? null : roster.entries[e.sealing.leader].participant,
    members: roster.entries.map((m) => ({participant: m.participant, owner: m.owner, device: deviceId(m.ed25519, m.curve25519)})),
  });
  logAnnounced(c, e);
}

function isToldAgain(last, {link, leader}) {
  return last !== null && ['epoch', 'roster', 'policy', 'kind', 'source'].every((k) => last.link[k] === link[k]) &&
         (!isLed(link.source) || last.sealing.leader === leader) &&
         last.link.log?.root === link.log?.root && last.link.log?.size === link.log?.size;
}

/* null, or why it does not hold, for the whole to be asked for. */
export function applyAnnounce(c, told) {
  const last = epochNow(c);
  const floor = c.instance === c.seenInstance ? c.seenEpoch : 0;
  let a = told, error = null;
  try {
    a = fill(c, told, last);
  } catch (thrown) {
    error = codeOf(thrown);
  }
  if (error === null && isToldAgain(last, a))
    return null; /* on `whole` */
  if (!a.full && last === null)
    return error; /* a number alone, of an attach before or of one whose announce was lost */
  /* an epoch that could not be applied may come again in full */
  const again = c.unresolved && a.full && a.link.epoch === floor && last?.link.epoch !== floor;
  if (a.link.epoch <= floor && !again) {
    refused(c, 'announce', 'epoch-not-above');
    return null;
  }
  c.seenInstance = c.instance;
  c.seenEpoch = a.link.epoch;
  if (a.reasons.includes('recover')) { /* whoever was to answer is gone, perhaps in the middle of it */
    requestLost(c);
    c.answered = false;
  }
  wasCommitted(c, a.committed);
  if (error === null && needsPart(c, a.policy))
    error = 'no-part';
  if (error !== null)
    return error;
  try {
    apply(c, a, last);
    return null;
  } catch (thrown) {
    error = codeOf(thrown);
    if (error.startsWith('log-')) /* for people to judge: no second telling mends it */
      logAlarm(c, error);
    if (error === 'wrong-leader' || error.startsWith('log-')) {
      mismatch(c, error, null, Math.min(a.deadline, DEADLINE_MAX_MS));
      return null;
    }
    if (error !== 'bad-state' && error !== 'below-floor')
      return error;
    refused(c, 'announce', error);
    if (error === 'bad-state')
      attachAnew(c);
    else
      detach(c);
    return null;
  }
}
