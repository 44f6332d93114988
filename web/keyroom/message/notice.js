/* What the service tells clients (docs/protocol.md section 7), as plain objects. Decoding is total: any element gives a
 * notice, null for a name that is not known, or a KeyroomError. */
import {isPlain} from '../protocol/bytes.js';
import {fail} from '../protocol/err.js';
import {ATTESTATIONS_PART, CHAIN_MAX, EPOCH_MAX, LOG_NAME_MAX, OCCUPANTS_MAX, OTK_MAX, REASON_MAX, TEXT_MAX} from '../protocol/limit.js';
import {attr, is, NS} from './el.js';
import {
  readAll, readBool, readBytes, readConfirm, readEntries, readEpoch, readId, readKey, readLink, readList, readLog, readNumber, readOwner,
  readKind, readPart, readParticipant, readRoom, readRound, readSession, readSignature, readSingle, readSource, readTag,
  readText, readWord,
} from './read.js';

const REASONS = ['join', 'leave', 'revoke', 'policy', 'timer', 'manual', 'recover', 'leader'];
const MODES = ['idle', 'keyed', 'blind', 'suspended'];

function readReasons(el) {
  const reasons = (attr(el, 'reason') ?? fail('malformed')).split(' ');
  if (reasons.some((r) => !REASONS.includes(r)) || new Set(reasons).size !== reasons.length)
    fail('malformed');
  return reasons;
}

export function readMember(el) {
  return {
    participant: readParticipant(el), owner: readOwner(el), device: readId(el, 'device'),
    ed25519: readKey(el, 'ed25519'), curve25519: readKey(el, 'curve25519'), attach: readId(el, 'attach'),
    nonce: readId(el, 'nonce'), sig: readSignature(el, 'sig'), isNew: readBool(el, 'new'),
  };
}

function readPast(el, epoch) {
  const past = readAll(el, 'past', CHAIN_MAX, (p) => ({...readLink(p), log: readLog(p, false)}));
  if (past.some((link, i) => link.epoch >= epoch || (i > 0 && link.epoch <= past[i - 1].epoch)))
    fail('malformed');
  return past;
}

/* In full announces with a log. */
function readLogName(el, log) {
  if (log === null || attr(el, 'log-origin') === null)
    return null;
  return {origin: readText(el, 'log-origin', LOG_NAME_MAX), key: readKey(el, 'log-key')};
}

const CHECK = /^[A-Za-z0-9+/]{8}$/;

function fullHead(el) {
  const hasPrev = attr(el, 'prev') !== null || attr(el, 'prev-context') !== null;
  return {
    full: true, instance: readId(el, 'instance'), size: readNumber(el, 'size', 1, OCCUPANTS_MAX), check: null,
    prev: hasPrev ? readEpoch(el, 'prev') : 0, prevContext: hasPrev ? readKey(el, 'prev-context') : null,
    committed: attr(el, 'committed') === null ? 0 : readEpoch(el, 'committed'), source: readSource(el),
    roster: readKey(el, 'roster'),
  };
}

/* Goes on from the epoch announced before: what is as it was there is null. */
function briefHead(el, epoch) {
  const check = attr(el, 'check') ?? '';
  const prev = attr(el, 'prev') === null && epoch > 1 ? epoch - 1 : readEpoch(el, 'prev');
  return {
    full: false, instance: null, size: 0, check: CHECK.test(check) ? check : fail('malformed'), prev, prevContext: null,
    committed: attr(el, 'committed') === null ? prev : readNumber(el, 'committed', 0, EPOCH_MAX),
    source: attr(el, 'source') === null ? null : readSource(el), roster: null,
  };
}

function announce(el) {
  const epoch = readEpoch(el, 'epoch');
  const policy = readSingle(el, 'policy');
  const log = readLog(el, true);
  const {source, roster, ...head} = readBool(el, 'full') ? fullHead(el) : briefHead(el, epoch);
  const a = {
    ...head, link: {epoch, kind: readKind(el), source, roster, log}, logName: readLogName(el, log),
    leader: attr(el, 'leader') === null ? null : readNumber(el, 'leader', 0, OCCUPANTS_MAX - 1), reasons: readReasons(el),
    deadline: readNumber(el, 'deadline', 0, 0xffffffff), ...readPart(el),
    policyText: policy === null ? null : readBytes(policy, 1, TEXT_MAX),
    past: readPast(el, epoch),
    members: readAll(el, 'member', OCCUPANTS_MAX, readMember),
    gone: readAll(el, 'gone', OCCUPANTS_MAX, (g) => {
      if (attr(g, 'reason') !== null)
        readText(g, 'reason', REASON_MAX);
      return readId(g, 'attach');
    }),
  };
  return a.prev < epoch && a.committed < epoch ? a : fail('malformed');
}

function deliver(el) {
  return {
    epoch: readEpoch(el, 'epoch'), round: readRound(el), last: readBool(el, 'last'),
    silent: readList(el, 'silent'), ...readPart(el), entries: readEntries(el), confirm: readConfirm(el),
  };
}

function commit(el) {
  return {
    epoch: readEpoch(el, 'epoch'), laggards: readList(el, 'laggards'),
    silent: readList(el, 'silent'),
    exposure: attr(el, 'exposure') === null ? null : readNumber(el, 'exposure', 0, Number.MAX_SAFE_INTEGER),
  };
}

function wanted(el) {
  const recipients = readList(el, 'for');
  return recipients.length > 0
    ? {epoch: readEpoch(el, 'epoch'), recipients} : fail('malformed');
}

function state(el) {
  return {
    mode: readWord(el, 'mode', MODES), instance: attr(el, 'instance') === null ? null : readId(el, 'instance'),
    exposed: readBool(el, 'exposed'), joinsHeld: readBool(el, 'joins-held'),
    text: isPlain(el.text, TEXT_MAX) ? el.text : fail('malformed'),
    waiting: readAll(el, 'waiting', OCCUPANTS_MAX, (w) => ({
      participant: readParticipant(w), device: readId(w, 'device'), owner: readOwner(w),
    })),
  };
}

function attestations(el) {
  const all = el.children.filter((x) => is(x, 'attestation', NS) || is(x, 'revocation', NS));
  if (all.length === 0 || all.length > ATTESTATIONS_PART)
    fail(all.length === 0 ? 'malformed' : 'too-large');
  return {lines: all.map((x) => ({
    revokes: x.name === 'revocation', text: readBytes(x, 1, TEXT_MAX), sig: readSignature(x, 'sig'), ed25519: readKey(x, 'ed25519'),
    curve25519: readKey(x, 'curve25519'),
  }))};
}

const decoders = new Map(Object.entries({
  announce, deliver, commit, wanted, state,
  low: (el) => ({attach: readId(el, 'attach'), count: readNumber(el, 'count', 0, OTK_MAX)}),
  session: (el) => ({from: readId(el, 'from'), ...readSession(el)}),
  attestations,
  detached: (el) => ({instance: readId(el, 'instance'), reason: readText(el, 'reason', REASON_MAX)}),
}));

/* What all members are told at each rotation names its instance by tag alone. */
const IN_INSTANCE = ['deliver', 'commit', 'wanted'];

/* {kind, room or in, ...} of a message's payload. */
export function readNotice(payload) {
  const decode = payload.ns === NS ? decoders.get(payload.name) : undefined;
  if (decode === undefined)
    return null;
  const byTag = IN_INSTANCE.includes(payload.name) || (payload.name === 'announce' && attr(payload, 'in') !== null);
  const where = byTag ? {room: null, in: readTag(payload)} : {room: readRoom(payload), in: null};
  const notice = {kind: payload.name, ...where, ...decode(payload)};
  return notice.kind !== 'announce' || notice.full !== byTag ? notice : fail('malformed');
}
