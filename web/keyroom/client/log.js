/* What the service's log must show us (docs/protocol.md 11.10): a checkpoint of one key with each epoch, none that is behind or
 * beside another, and soon a proof that the epoch's entry names the people we know of. */
import {fromBase64, toBase64, utf8} from '../protocol/bytes.js';
import {codeOf, fail, KeyroomError} from '../protocol/err.js';
import {hmac} from '../protocol/hash.js';
import {checkpointVerifies, logKeyId} from '../protocol/log.js';
import {checkConsistency, checkInclusion, leafHash} from '../log/proof.js';
import {entryValue} from '../log/entry.js';
import {readProof} from '../message/request.js';
import {mismatchIn} from './apply.js';
import {ask, epochNow, IQ_MS, MEMBER, say} from './state.js';

const PROOF_MS = 60000; /* so soon an epoch's entry is proved, ... */
const SPREAD_MS = 32768; /* ... and asked for at random within this: not all at once */

/* given: {origin, key, pinned, seen}, the log's key as its operator gives it (pinned: then no other is taken) or as it was first
 * seen, and the newest checkpoint that we have of it, {size, root, sig}; null: nothing is known. */
export function newLog(given) {
  const name = given === null ? null : {origin: given.origin, key: given.key, keyId: logKeyId(given.origin, given.key)};
  const seen = given?.seen ?? null;
  return {
    name, pinned: Boolean(given?.pinned), newest: seen, proved: seen, asked: null,
    epoch: 0, epochSize: 0, instance: null, roster: null, /* of the epoch that is to be proved */
    at: Infinity, by: Infinity, /* when to ask for its proof, and when that is late */
  };
}

export function logAlarm(c, error) {
  say(c, 'alarm', {what: error, why: new KeyroomError(error).message, epoch: c.seenEpoch});
}

/* What an announce says of the log, before anything else of it is taken up. */
export function checkLog(c, a) {
  const {log} = c, claim = a.link.log;
  if (claim === null) {
    if (log.name !== null)
      fail('log-missing');
    return;
  }
  if (a.logName === null && log.name === null)
    fail('chain-broken'); /* the whole will name it */
  const {origin, key} = a.logName ?? log.name;
  const another = log.name === null || origin !== log.name.origin || key !== log.name.key;
  const bound = log.pinned || (epochNow(c) !== null && log.newest !== null); /* within an instance there is one log */
  if (another && log.name !== null && bound)
    fail('log-key');
  if (!checkpointVerifies(origin, key, claim))
    fail('log-signature');
  if (another) {
    if (log.name !== null)
      logAlarm(c, 'log-begun-anew');
    log.name = {origin, key, keyId: logKeyId(origin, key)};
    log.newest = log.proved = null;
    log.at = log.by = Infinity;
  }
  if (log.newest !== null && claim.size < log.newest.size)
    fail('log-rolled-back');
  if (log.newest !== null && claim.size === log.newest.size && claim.root !== log.newest.root)
    fail('log-forked');
}

/* The link with what the log is called, as its context has it. */
export function named({log}, link) {
  if (link.log !== null && log.name === null)
    fail('chain-broken'); /* of a log that we never heard of */
  return link.log === null ? link : {...link, log: {...link.log, origin: log.name.origin, keyId: log.name.keyId}};
}

/* It was taken up. */
export function logAnnounced(c, e) {
  const {log} = c, claim = e.link.log;
  if (claim === null)
    return;
  Object.assign(log, {newest: claim, epoch: e.link.epoch, epochSize: claim.size, instance: e.instance, roster: e.link.roster});
  if (log.at === Infinity) {
    const [a, b] = c.random(2);
    log.at = c.now + (a * 256 + b) % SPREAD_MS;
    log.by = c.now + PROOF_MS;
  }
  say(c, 'log', {origin: log.name.origin, key: log.name.key, ...claim});
}

/* What was to be proved of an instance before is over. */
export function logInstance(c, instance) {
  if (c.log.instance !== instance)
    c.log.at = c.log.by = Infinity;
}

function askProof(c) {
  const {log} = c;
  log.asked = log.newest;
  log.at = c.now + IQ_MS; /* again, if nothing comes of it */
  ask(c, {kind: 'proof', instance: log.instance, epoch: log.epoch, size: log.newest.size, since: log.proved?.size});
}

/* The entry tells of our epoch, with our roster. */
function isOurs(log, {entry, opening}) {
  const value = entryValue(entry);
  if (value('type') !== 'epoch' || value('epoch') !== String(log.epoch) || value('instance') !== log.instance)
    return false;
  const want = toBase64(hmac(fromBase64(opening, 32), utf8(log.roster)));
  return value('roster') === want;
}

function checkProof(log, p) {
  if (p.epoch !== log.epoch || p.size !== log.asked.size || p.since !== (log.proved?.size ?? null) || p.index !== log.epochSize - 1)
    fail('malformed'); /* the answer to another question */
  const root = fromBase64(log.asked.root, 32);
  try {
    checkInclusion(p.index, p.size, leafHash(p.entry), p.inclusion, root);
  } catch (error) {
    codeOf(error);
    fail('log-not-included');
  }
  try {
    if (p.since !== null)
      checkConsistency(p.since, p.size, p.consistency, fromBase64(log.proved.root, 32), root);
  } catch (error) {
    codeOf(error);
    fail('log-rewritten');
  }
  if (!isOurs(log, p))
    fail('log-other-entry');
}

export function logResult(c, payload, error) {
  const {log} = c;
  let awaited = log.asked !== null && log.instance === c.instance;
  try {
    if (error !== null)
      fail(error);
    const p = readProof(payload);
    if (p.room !== c.room || p.epoch !== log.epoch)
      awaited = false; /* a newer epoch came meanwhile: it is asked for in turn */
    if (awaited)
      checkProof(log, p);
  } catch (thrown) {
    error = codeOf(thrown);
  }
  if (!awaited || c.mismatched)
    return;
  if (error === null) {
    log.proved = log.asked;
    say(c, 'proved', {epoch: log.epoch, size: log.asked.size});
  }
  const lies = ['log-not-included', 'log-rewritten', 'log-other-entry'].includes(error), e = epochNow(c);
  if (error === null || lies)
    log.at = log.by = Infinity;
  log.asked = null;
  if (lies) {
    logAlarm(c, error);
    if (e !== null)
      mismatchIn(c, error, e);
  }
}

const isDue = (c) => !c.mismatched && c.phase === MEMBER && c.log.instance === c.instance;

export function logTime(c) {
  const {log} = c;
  if (!isDue(c))
    return;
  if (log.at <= c.now)
    askProof(c);
  if (log.by <= c.now) {
    log.by = Infinity;
    logAlarm(c, 'log-silent');
  }
}

export const logNext = (c) => (isDue(c) ? Math.min(c.log.at, c.log.by) : Infinity);
