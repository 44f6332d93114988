/* The client's memory, and what all of this folder says and asks. Times are ms of a monotonic clock; Infinity: never. */
import {newLog} from './log.js';
import {make, NS_CLIENT} from '../message/el.js';
import {requestIq} from '../message/request.js';
import {OCCUPANTS_MAX} from '../protocol/limit.js';
import {SOURCES} from '../protocol/policy.js';

export const IQ_MS = 10000;
export const REATTACH_MS = 5000;
export const LEAVING_MS = 10000; /* a leave is seen by then, or never */
export const LATE_MS = 60000; /* so late an answer to a claim or an envelope is still of use */
export const HURRY_MS = 1000;
export const BUSY_MS = 250, BUSY_SPREAD_MS = 750, BUSY_TRIES = 16; /* what a busy service put off (9.3) */
export const ANSWER_MEMBER_MS = 10; /* for each member of a room: what all would do at once is spread over this */
export const CLAIM_TRIES = 2; /* of one target in an epoch, by failed requests */

/* Phases, in order. */
export const NONE = 0, CHALLENGING = 1, ATTACHING = 2, WAITING = 3, MEMBER = 4;

/* What our secret is to a roster line. */
export const TO_NOBODY = 0, TO_SEALED = 1, TO_WITHHELD = 2, TO_ABSENT = 3, TO_SESSIONLESS = 4, TO_WANTED = 5;

/* Those that it takes part in (5.16). */
function sourcesOf({sources = ['participants'], serviceDevice, passphrase}) {
  return sources.filter((s) => SOURCES.includes(s) && (s !== 'service' || serviceDevice) && (s !== 'passphrase' || passphrase));
}

export function newState(config, deviceId, floor) {
  return {
    room: config.room, nick: config.nick, service: config.service, tokenOwner: config.owner ?? null, floor, format: config.format ?? null,
    sources: sourcesOf(config), lead: Boolean(config.lead), serviceDevice: config.serviceDevice ?? null,
    passphraseKey: null, passphraseInstance: null, /* the slow part, of that instance; asked for, if the key is null */
    keep: config.keep ?? false, random: config.random, device: config.device, deviceId,

    now: 0, wall: 0, out: null, /* what is being stepped; wall: seconds since 1970, 0: not known */

    part: null, /* what verifies (verify/index.js), once it was wanted and came */
    forPart: [], /* what waits for it */
    partWanted: false, /* it was asked for, and there is no word of it */
    partRefused: false, /* it could not be had */
    attestFor: config.attestFor ?? 0, operatorMayVerify: config.operatorMayVerify ?? false,
    tried: new Map(), /* by device: how often it was tried to verify it in this meeting */
    trusted: new Map(), /* by device: those that the own person verified, {owner, name as of then} */
    seen: new Map(), /* by device, of this stay: {owner of a line that held, admin: of the room, when it was last seen} */
    attestations: new Map(), /* by digest: those that hold in themselves, and words that took one back before it came */

    jid: null, /* no link */
    wantsRoom: false, joining: false, inRoom: false,
    leaving: 0, /* how often we left and have not seen it yet */
    leavingUntil: 0, /* then the room has forgotten us */
    occupants: new Map(), /* by nick, as our own presence shows them: {device, isService, isAdmin} */

    phase: NONE,
    attachAt: Infinity, /* when to attach */
    attachPaid: 0, /* attaches so far are accounted for until then, 5 s each */
    stopAt: Infinity, /* sends with keys of an attach that is over until then */
    askAt: Infinity, /* when to ask for the whole (7.8) */
    detachAt: Infinity, /* when to say once more that we are detached */
    detached: 0, /* when we last said so */
    detachTold: false, /* the application knows that it was not heard */
    expireAt: Infinity, /* when the key in use is over: an epoch without one of its members was announced */
    owner: '', attach: null, instance: null,
    hasSealed: false, /* for somebody, in this attach */
    doubted: false, /* the last secret of a leader differed, and none was held since (5.13) */
    policy: null,

    seenInstance: null, seenEpoch: 0, /* highest epoch seen announced, across attaches */
    log: newLog(config.log ?? null), /* the service's: log.js */
    missedEpoch: 0, /* the highest that others speak of and that was asked for: its announce is lost */
    unresolved: false, /* an announce did not hold: the whole is asked for, until it comes */
    answered: false, /* the request for it was: the next full announce is that whole */
    mismatched: false,
    broken: {announced: 0, deadline: 0}, /* the announce that did not hold */
    assembly: null, /* parts of an announce */

    epochs: [], /* newest first */
    nextEpochId: 1,
    sending: null, /* whose key our frames have; null: may not send */
    exposed: false,
    absences: new Map(), /* by attach: members of the key in use whom our presence lacks, {participant, since} */
    peers: new Map(), /* by attach: the others of the newest roster */
    rank: 0,
    pending: [], /* IQs whose answer is awaited, newest first */
  };
}

/* --- output --- */

export function say(c, kind, facts = {}) {
  c.out.reports.push({kind, ...facts});
}

/* what was refused, and why; who: the participant it is about. */
export function refused(c, what, why, who) {
  say(c, 'refused', who === undefined ? {what, why} : {what, why, who: [who]});
}

export function sendPresence(c, attrs, children = []) {
  c.out.stanzas.push(make('presence', NS_CLIENT, {to: `${c.room}/${c.nick}`, ...attrs}, children));
}

const letters = 'abcdefghijklmnopqrstuvwxyz234567';

/* Sends it once more, or first, under a new id. Ids are random: nobody else can answer. */
export function post(c, q, request) {
  q.id = Array.from(c.random(20), (b) => letters[b % 32]).join('');
  c.out.stanzas.push(requestIq(request, c, q.id));
  Object.assign(q, {sent: c.now, due: c.now + IQ_MS});
}

/* When what was put off is repeated: all who were, would come at once. */
export function againAt(c) {
  const [a, b] = c.random(2);
  return c.now + BUSY_MS + (a * 256 + b) % BUSY_SPREAD_MS;
}

const REPEATED = ['claim', 'envelope', 'session', 'keys'];

/* Sends a request of message/request.js; what is returned awaits its answer. */
export function ask(c, request, more = {}) {
  const q = {
    kind: request.kind, overdue: false, epoch: epochNow(c)?.link.epoch ?? 0, part: request.part ?? 1,
    request: REPEATED.includes(request.kind) ? request : null, /* to be said again, word for word */
    putOff: false, repeats: 0, ...more,
  };
  post(c, q, request);
  c.pending.unshift(q);
  return q;
}

/* --- the part that verifies --- */

const FOR_PART_MAX = 32; /* what waits while it is loaded */

export function wantPart(c) {
  c.out.wantsPart ||= !c.partWanted;
  c.partWanted = true;
}

export function forPart(c, what) {
  if (c.part !== null) {
    c.part.take(c, what);
    return;
  }
  wantPart(c);
  if (c.forPart.length < FOR_PART_MAX)
    c.forPart.push(what);
}

/* A device that was seen here: what its own word may be worth (12.6). */
export function see(c, device, what) {
  if (c.seen.has(device) || c.seen.size < 2 * OCCUPANTS_MAX)
    c.seen.set(device, {owner: '', admin: false, ...c.seen.get(device), ...what});
}

/* The stay is over. */
export function forgetSeen(c) {
  c.seen.clear();
  for (const [id, a] of c.attestations)
    if (!a.revoked)
      c.attestations.delete(id);
}

/* --- epochs --- */

/* The newest of this attach, or null. */
/* A moment at random within that time. */
export function within(c, ms) {
  const [a, b] = c.random(2);
  return c.now + (a * 256 + b) % ms;
}

export function epochNow(c) {
  const e = c.epochs[0];
  return e !== undefined && c.phase >= ATTACHING && e.attach === c.attach ? e : null;
}
