/* Olm sessions, per peer attach (docs/protocol.md 5.11, 6.3, 6.6). */
import {codeOf, fail} from '../protocol/err.js';
import {CLAIM_MAX, RESET_MS, SESSIONS_MAX} from '../protocol/limit.js';
import {PREKEY} from '../protocol/pack.js';
import {keyText, verifyText} from '../protocol/signed.js';
import {readClaimed} from '../message/request.js';
import {wipe} from '../protocol/bytes.js';
import {ask, CLAIM_TRIES, MEMBER, refused} from './state.js';

/* Another attach in the newest roster, of an announced member line. */
export function newPeer(c, m) {
  const p = {
    attach: m.attach, participant: m.participant, owner: m.owner, ed25519: m.ed25519, curve25519: m.curve25519,
    device: m.device,
    verified: false, line: '', /* 3.5 (a) and (b), of the line as it was last told */
    told: false, /* the application knows that the line is not sealed for */
    claimed: false, claiming: false, /* the pair's one claim is used; an answer is awaited */
    unclaimable: false, /* the last claim yielded nothing */
    claimReset: false, /* the answer to the claim was lost: the next one is a reset */
    tries: 0, /* claims in this epoch */
    resetting: false, /* the claim under way is for a new session */
    resetAt: -Infinity, /* when a new one was last asked for */
    sessions: [], /* {olm, made, heard, said}: ranks, when it was made and when it last decrypted (0: never); ms, or null */
    healAt: Infinity, /* when to say a word in a session in which we only listen */
    outside: false, /* attached, and in no roster (6.10) */
    trust: 'none', /* did the own person verify it: none, verified, changed (12.2.7) */
    differed: false, /* what it sealed as a leader was once another secret than ours, or of another context */
  };
  c.peers.set(p.attach, p);
  return p;
}

export function freePeer(c, p) {
  c.part?.peerGone(c, p);
  c.peers.delete(p.attach);
  p.sessions.forEach((s) => s.olm.free());
}

export function freePeers(c) {
  for (const p of [...c.peers.values()])
    freePeer(c, p);
}

function better(a, b) {
  return a.heard !== b.heard ? a.heard > b.heard : a.made > b.made;
}

/* The session to encrypt with, or null. */
function speaking(p) {
  return p.sessions.reduce((best, s) => (best === null || better(s, best) ? s : best), null);
}

export function hasSession(p) {
  return p.sessions.length > 0;
}

/* When we last said something in it; null: never. */
export function spokenAt(p) {
  return speaking(p).said;
}

/* {type, body} for a peer with a session; or in one of its sessions. */
export function sayTo(c, p, plain, session = speaking(p)) {
  session.said = c.now;
  return session.olm.encrypt(plain);
}

function addSession(c, p, olm, heard) {
  if (p.sessions.length === SESSIONS_MAX) {
    const worst = p.sessions.reduce((w, s) => (better(w, s) ? s : w));
    worst.olm.free();
    p.sessions.splice(p.sessions.indexOf(worst), 1);
  }
  c.rank++;
  p.sessions.push({olm, made: c.rank, heard: heard ? c.rank : 0, said: null});
}

/* The plaintext, or null. */
function decrypt(olm, type, message) {
  try {
    return olm.decrypt(type, message);
  } catch (error) {
    codeOf(error);
    return null;
  }
}

/* The plaintext; `cannot-open`. A pre-key message adds a session and never replaces one. */
export function openWith(c, p, type, message) {
  let ours = false;
  for (const s of p.sessions) {
    if (type === PREKEY && !s.olm.matches(p.curve25519, message))
      continue;
    ours ||= type === PREKEY;
    const plain = decrypt(s.olm, type, message);
    if (plain !== null) {
      s.heard = ++c.rank;
      return plain;
    }
  }
  /* heard before: a fallback key would open it again, as a session that the peer does not speak in */
  if (type !== PREKEY || ours)
    fail('cannot-open');
  const {session, plain} = c.device.inbound(p.curve25519, message);
  addSession(c, p, session, true);
  return plain;
}

export function sendClaims(c, targets) {
  for (let from = 0; from < targets.length; from += CLAIM_MAX) {
    const some = targets.slice(from, from + CLAIM_MAX);
    const q = ask(c, {kind: 'claim', targets: some}, {targets: some});
    if (c.epochs.length > 0) /* so that a second one has its time before the deadline */
      q.due = Math.min(q.due, c.now + 1000 + Math.floor(c.epochs[0].deadline / 2));
    for (const {attach} of some) {
      const p = c.peers.get(attach);
      if (p !== undefined) {
        p.claiming = p.claimed = true;
        p.tries++;
      }
    }
  }
}

/* One byte, if it makes a message of that type (6.6). */
export function sayNothing(c, p, wanted, session = undefined) {
  if (!hasSession(p))
    return;
  const {type, body} = sayTo(c, p, Uint8Array.of(0), session);
  if (type === wanted)
    ask(c, {kind: 'session', to: p.attach, type, message: body});
}

/* A new session for the peer that we cannot hear: the one byte tells it of it. */
function greet(c, p) {
  sayNothing(c, p, PREKEY, p.sessions.reduce((a, s) => (s.made > a.made ? s : a)));
}

/* Opens a session with a claimed key, whose signature is the peer's. */
function useKey(c, p, key) {
  if (!verifyText(p.ed25519, keyText({kind: key.kind, key: key.key, device: p.device, attach: p.attach}), key.sig))
    fail('bad-signature');
  addSession(c, p, c.device.outbound(p.curve25519, key.key), false);
}

/* key: null if there is none. */
function claimOne(c, p, key) {
  p.unclaimable = true;
  if (key !== null && !key.none) {
    try {
      useKey(c, p, key);
      p.unclaimable = false;
      if (p.resetting)
        greet(c, p);
    } catch (error) {
      refused(c, 'key', codeOf(error), p.participant);
    }
  }
  p.resetting = false;
}

export function claimResult(c, q, payload, error) {
  let keys = [];
  try {
    if (error !== null)
      fail(error);
    const result = readClaimed(payload);
    if (result.keys.length !== q.targets.length || result.room !== c.room)
      fail('malformed');
    ({keys} = result);
  } catch (thrown) {
    error = codeOf(thrown);
    refused(c, 'claim', error);
  }
  q.targets.forEach((target, i) => {
    const p = c.peers.get(target.attach);
    if (p === undefined)
      return;
    p.claiming = false;
    if (error !== null && !p.resetting && p.tries < CLAIM_TRIES) {
      p.claimed = false; /* once more in this epoch */
      p.claimReset = error === 'no-answer';
      return;
    }
    if (error === null && q.overdue && target.reset)
      p.resetting = true; /* late, and still the new session that was wanted */
    else if (error === null && q.overdue && p.sessions.length > 0)
      return; /* the second asking was quicker */
    claimOne(c, p, error === null && keys[i].attach === p.attach ? keys[i] : null);
  });
}

export function resetSession(c, p) {
  if (p.claiming || !p.verified || c.now < p.resetAt + RESET_MS)
    return;
  p.resetting = true;
  p.resetAt = c.now;
  sendClaims(c, [{attach: p.attach, reset: true}]);
}

/* A peer that cannot hear us has opened a new session, or one that we lead has said its word in ours. */
export function handleSession(c, {from, type, message}) {
  const p = c.phase === MEMBER ? c.peers.get(from) : undefined;
  try {
    if (!p?.verified)
      fail(p === undefined ? 'not-in-roster' : 'bad-signature');
    const plain = openWith(c, p, type, message);
    const isNothing = plain.length === 1 && plain[0] === 0;
    wipe(plain);
    if (!isNothing)
      fail('malformed');
  } catch (error) {
    refused(c, 'session', codeOf(error), p?.participant);
  }
}
