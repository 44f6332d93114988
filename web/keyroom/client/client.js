/* A participant of one keyed room: `step(event) -> output`, docs/protocol.md from the client's side.
 *
 * Pure: time comes with the event, randomness through a given function, nothing is read or written here. Everything
 * received is hostile, the service included: what does not verify is refused and reported. */
import {tagOf} from '../protocol/bytes.js';
import {wipe} from '../protocol/bytes.js';
import {codeOf, fail} from '../protocol/err.js';
import {AUTHORISE} from '../protocol/policy.js';
import {deviceId} from '../protocol/signed.js';
import {attr, NS_CLIENT, payloadOf} from '../message/el.js';
import {readNotice} from '../message/notice.js';
import {askWholeAgain, handleAnnounce, heardOf} from './announce.js';
import {challengeResult, detach, endAttach, handleDetached, handleLow, sendDetach, startAttach, unasked} from './attach.js';
import {epochNext, epochSend, epochTime, eraseAll, fade, handleCommit, setSending} from './epochs.js';
import {exposureNext, exposureUpdate} from './exposure.js';
import {healNext, healTime} from './heal.js';
import {logNext, logTime} from './log.js';
import {ackNext, handleDeliver, sendAck} from './open.js';
import {handlePresence, join, leave} from './presence.js';
import {handleAnswer, requestTime} from './request.js';
import {handleWanted, sealAdvance, sealNext} from './seal.js';
import {passphraseCame} from './secrets.js';
import {handleSession} from './sessions.js';
import {forgetSeen, forPart, MEMBER, newState, NONE, REATTACH_MS, refused, say, WAITING} from './state.js';

const emptyOutput = () => ({stanzas: [], reports: [], frames: [], passphrase: null, wantsPart: false, deadline: Infinity});

function handleNotice(c, n) {
  if (['announce', 'deliver', 'commit'].includes(n.kind))
    unasked(c);
  if (['deliver', 'commit', 'wanted'].includes(n.kind))
    heardOf(c, n.epoch);
  switch (n.kind) {
  case 'announce':
    return handleAnnounce(c, n);
  case 'deliver':
    return handleDeliver(c, n);
  case 'commit':
    return handleCommit(c, n);
  case 'wanted':
    return handleWanted(c, n);
  case 'low':
    return handleLow(c, n);
  case 'session':
    return n.verify ? forPart(c, n) : handleSession(c, n);
  case 'attestations':
    return forPart(c, n);
  case 'detached':
    return handleDetached(c, n);
  case 'state':
    return say(c, 'state', {mode: n.mode, text: n.text, exposed: n.exposed, joinsHeld: n.joinsHeld, waiting: n.waiting});
  }
}

function handleMessage(c, el) {
  const payload = payloadOf(el);
  if (attr(el, 'from') !== c.service || attr(el, 'type') !== 'headline' || payload === null)
    return;
  let notice = null;
  try {
    notice = readNotice(payload);
  } catch (error) {
    refused(c, payload.name, codeOf(error));
  }
  if (notice !== null && (notice.room === c.room || (notice.in !== null && notice.in === tagOf(c.instance))))
    handleNotice(c, notice);
}

function handleStanza(c, el) {
  if (c.jid === null || el.ns !== NS_CLIENT)
    return;
  if (el.name === 'presence')
    handlePresence(c, el);
  else if (el.name === 'message')
    handleMessage(c, el);
  else if (el.name === 'iq')
    handleAnswer(c, el);
}

function handleDown(c) {
  c.jid = null;
  c.inRoom = c.joining = false;
  c.leaving = 0;
  c.absences.clear();
  endAttach(c);
  c.occupants.clear();
  forgetSeen(c);
  fade(c);
  setSending(c, null);
}

function handleUp(c, jid) {
  if (c.jid !== null)
    handleDown(c);
  c.jid = jid;
  if (c.wantsRoom)
    join(c);
}

function handleJoin(c) {
  c.wantsRoom = true;
  if (c.jid !== null && !c.inRoom && !c.joining)
    join(c);
  else if (c.inRoom && c.phase === NONE)
    c.attachAt = c.attachPaid = c.now;
}

/* It came; null: it cannot be had, and what waits for it is refused. */
function handlePart(c, part) {
  const waiting = c.forPart.splice(0);
  c.part = part;
  c.partRefused = part === null;
  c.partWanted = false;
  if (part !== null)
    c.peers.forEach((p) => part.lookAt(c, p));
  for (const what of waiting) {
    if (what.kind === 'challenge')
      challengeResult(c, what.payload, null);
    else if (part !== null)
      part.take(c, what);
    else
      refused(c, 'verify', 'no-part', what.participant);
  }
  if (c.unresolved && c.phase >= WAITING && !c.mismatched) /* an epoch may have waited for it */
    askWholeAgain(c);
}

function handleEvent(c, event) {
  switch (event.kind) {
  case 'up':
    return handleUp(c, event.jid);
  case 'down':
    return handleDown(c);
  case 'stanza':
    return handleStanza(c, event.stanza);
  case 'join':
    return handleJoin(c);
  case 'leave':
    c.wantsRoom = false;
    return leave(c);
  case 'detach':
    c.attachAt = Infinity;
    if (c.phase >= WAITING)
      detach(c);
    return undefined;
  case 'verify':
  case 'verify-answer':
  case 'verify-cancel':
  case 'unattest':
    return forPart(c, event);
  case 'part':
    return handlePart(c, event.part);
  case 'passphrase':
    return passphraseCame(c, event.instance, event.key);
  case 'time':
    return undefined;
  default:
    return fail('bad-state');
  }
}

/* On average one in 5 s, three in a row (7.8): the service may come and go while a room starts. */
function attachDue(c) {
  return Math.max(c.attachAt, c.attachPaid - 2 * REATTACH_MS);
}

function mayAttach(c) {
  return c.jid !== null && c.inRoom && c.phase === NONE;
}

function handleTime(c) {
  requestTime(c);
  if (mayAttach(c) && attachDue(c) <= c.now)
    startAttach(c);
  if (c.askAt <= c.now) {
    c.askAt = Infinity;
    if (c.phase >= WAITING && !c.mismatched)
      askWholeAgain(c);
  }
  if (c.detachAt <= c.now)
    sendDetach(c);
  sealAdvance(c);
  sendAck(c);
  epochSend(c);
  epochTime(c);
  healTime(c);
  logTime(c);
  c.part?.time(c);
  exposureUpdate(c); /* of the key in use by now */
}

function nextDeadline(c) {
  return Math.min(epochNext(c), exposureNext(c), sealNext(c), healNext(c), ackNext(c), logNext(c), c.part?.next(c) ?? Infinity, mayAttach(c) ? attachDue(c) : Infinity, c.askAt, c.detachAt,
                  ...c.pending.map((q) => q.due));
}

export class Client {
  #c;

  /* See index.d.ts. `bad-state` for a floor that is not known. */
  constructor(config) {
    const floor = AUTHORISE.indexOf(config.floor ?? 'occupants');
    if (floor < 0)
      fail('bad-state');
    this.#c = newState(config, deviceId(config.device.ed25519, config.device.curve25519), floor);
  }

  /* Handles one event, and says what is to be done. */
  step(event) {
    const c = this.#c;
    c.now = event.now;
    c.wall = Math.floor((event.wall ?? 0) / 1000);
    c.out = emptyOutput();
    handleEvent(c, event);
    handleTime(c);
    c.out.deadline = nextDeadline(c);
    return c.out;
  }

  look() {
    const c = this.#c, e = c.epochs[0];
    return {
      joined: c.inRoom, member: c.phase === MEMBER, waiting: c.phase === WAITING, mismatched: c.mismatched,
      exposed: c.exposed, maySend: c.sending !== null, instance: c.sending?.instance ?? null,
      epoch: c.sending?.link.epoch ?? 0, held: c.epochs.length,
      newest: c.phase === MEMBER && e !== undefined ? e.link.epoch : 0,
      missing: c.phase === MEMBER && e !== undefined ? e.held.filter((secret) => secret === null).length : 0,
    };
  }

  /* Wipes; the device is the client's and goes with it. What the frame layer still holds is in the output. */
  free() {
    const c = this.#c;
    c.out = emptyOutput();
    endAttach(c);
    eraseAll(c);
    wipe(c.passphraseKey);
    c.device.free();
    return c.out;
  }
}
