/* Our own view of the room: who is in it under which nick, with which device (docs/protocol.md 3.4, 3.5). */
import {asId, isPlain} from '../protocol/bytes.js';
import {NICK_MAX, OCCUPANTS_MAX} from '../protocol/limit.js';
import {attr, child, childrenOf, make, NS, NS_MUC, NS_MUC_USER} from '../message/el.js';
import {bareOf, resourceOf} from '../message/jid.js';
import {conditionOf} from '../message/request.js';
import {endAttach} from './attach.js';
import {fade, setSending} from './epochs.js';
import {hurry} from './request.js';
import {forgetSeen, LEAVING_MS, NONE, REATTACH_MS, WAITING, say, see, sendPresence} from './state.js';

export function join(c) {
  c.joining = true;
  sendPresence(c, {}, [
    make('x', NS_MUC, {}, [make('history', NS_MUC, {maxstanzas: 0})]),
    make('device', NS, {id: c.deviceId}),
  ]);
}

/* Out of the room, by our will or another's. */
function outOfRoom(c, why) {
  const was = c.inRoom;
  c.inRoom = c.joining = false;
  endAttach(c);
  c.occupants.clear();
  c.absences.clear();
  forgetSeen(c);
  setSending(c, null);
  if (!c.keep)
    fade(c);
  if (was)
    say(c, 'left', {why});
}

function sayLeave(c) {
  sendPresence(c, {type: 'unavailable'});
  c.leaving++;
  c.leavingUntil = c.now + LEAVING_MS;
}

export function leave(c) {
  if (c.jid !== null && (c.inRoom || c.joining)) {
    sayLeave(c);
    outOfRoom(c, 'own');
  }
}

export function shows(c, participant, device) {
  return c.occupants.get(participant)?.device === device;
}

function hasStatus(x, code) {
  return x !== null && childrenOf(x, 'status', NS_MUC_USER).some((s) => attr(s, 'code') === code);
}

function goneWhy(x) {
  return hasStatus(x, '307') ? 'kicked' : hasStatus(x, '301') ? 'banned' : 'removed';
}

/* The id of the one <device/>, or null. */
function deviceOf(el) {
  const devices = childrenOf(el, 'device');
  try {
    return devices.length === 1 ? asId(attr(devices[0], 'id') ?? '') : null;
  } catch {
    return null;
  }
}

function came(c, nick, el, x) {
  const was = c.occupants.get(nick), fresh = was === undefined;
  if (fresh && c.occupants.size >= OCCUPANTS_MAX)
    return;
  const item = x === null ? null : child(x, 'item', NS_MUC_USER);
  const jid = item === null ? null : attr(item, 'jid');
  const isService = jid !== null && bareOf(jid) === bareOf(c.service);
  const isAdmin = item !== null && ['owner', 'admin'].includes(attr(item, 'affiliation')), device = deviceOf(el);
  c.occupants.set(nick, {device, isService, isAdmin});
  /* Anybody may name any device: an admin's standing goes with the one who had it, or with its line. */
  if (isAdmin && device !== null)
    see(c, device, {admin: true});
  else if (!isAdmin && was?.isAdmin && was.device !== null)
    see(c, was.device, {admin: false});
  if (!isService)
    return;
  /* Also one that was never seen to go: a server may hold its place while it restarts. */
  if (c.phase >= WAITING && !c.mismatched)
    c.askAt = c.now + REATTACH_MS;
  hurry(c);
  if (fresh && c.phase === NONE && c.attachAt !== Infinity)
    c.attachAt = c.now;
}

/* Does the room say that we are out, or that we never were in? */
function isOurEnd(c, type, nick, x) {
  const ours = nick === c.nick || hasStatus(x, '110'); /* it may have renamed us */
  return type === 'error' || (type === 'unavailable' && ours);
}

export function handlePresence(c, el) {
  const from = attr(el, 'from');
  if (from === null || bareOf(from) !== c.room)
    return;
  const nick = resourceOf(from);
  const type = attr(el, 'type');
  const x = child(el, 'x', NS_MUC_USER);
  if (c.leaving > 0 && c.now >= c.leavingUntil)
    c.leaving = 0;
  if (c.leaving > 0) { /* what the room says until it has seen us go is of the stay that is over */
    c.leaving -= isOurEnd(c, type, nick, x) ? 1 : 0;
    return;
  }
  if (!c.joining && !c.inRoom) {
    /* The end of the stay before came so late that it was taken for the end of this one. */
    if (type === null && !c.wantsRoom && hasStatus(x, '110'))
      sayLeave(c);
    return;
  }
  if (type === 'error') {
    if (c.joining) {
      c.joining = c.wantsRoom = false;
      say(c, 'refused', {what: 'join', why: conditionOf(el)});
    }
  } else if (type === 'unavailable') {
    if (nick === c.nick && !hasStatus(x, '303')) {
      c.wantsRoom = false; /* back only on command */
      outOfRoom(c, goneWhy(x));
    } else {
      c.occupants.delete(nick);
    }
  } else if (type === null && nick !== '' && isPlain(nick, NICK_MAX)) {
    came(c, nick, el, x);
    if (c.joining && hasStatus(x, '110')) {
      c.nick = nick; /* the room may have changed it (status 210) */
      c.joining = false;
      c.inRoom = true;
      c.attachAt = c.attachPaid = c.now;
      say(c, 'joined');
    }
  }
}
