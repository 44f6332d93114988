/* The secrets of an epoch (docs/protocol.md 5.5, 5.6, 5.13, 5.14): each member's own, or one of all. */
import {wipe} from '../protocol/bytes.js';
import {RATCHET} from '../protocol/context.js';
import {PASSPHRASE_ITERATIONS} from '../protocol/limit.js';
import {isLed} from '../protocol/policy.js';
import {baseKey, freshSecret, passphraseSalt, passphraseSecret, ratchetSecret} from '../protocol/schedule.js';
import {epochNow} from './state.js';

export const isShared = (e) => e.link.source !== 'participants';

function holdOne(c, e, index, secret) {
  e.held[index] = secret;
  c.out.frames.push({op: 'key', id: e.id, index, baseKey: baseKey(secret, e.context, e.roster.line(index))});
}

/* Takes the secret of that line; one that is shared is everybody's. */
export function hold(c, e, index, secret) {
  if (!isShared(e)) {
    holdOne(c, e, index, secret);
    return;
  }
  e.roster.entries.forEach((_, i) => holdOne(c, e, i, secret));
  if (e.me !== e.sealing.leader) /* who holds it counts as having sealed (5.13) */
    e.sealed = true;
}

/* A ratchet is computed by everybody for everybody who was there before (5.5); so it is for those that we missed. */
function ratchetThrough(from, missed, context) {
  let at = from;
  for (const ctx of [...missed.contexts, context]) {
    const next = ratchetSecret(at, ctx);
    if (at !== from)
      wipe(at);
    at = next;
  }
  return at;
}

function fromParticipants(c, e, last, missed) {
  if (e.link.kind === RATCHET && last !== null && !missed.fresh)
    e.roster.entries.forEach((m, i) => {
      const at = m.isNew ? -1 : last.roster.find(m.attach);
      if (at >= 0 && last.held[at] !== null)
        hold(c, e, i, ratchetThrough(last.held[at], missed, e.context));
    });
  if (e.held[e.me] === null)
    hold(c, e, e.me, freshSecret(c.random));
}

/* Who missed an announce follows no ratchet, and the leader makes nothing of its own in one: it would not be what the others
 * have. */
function fromLeader(c, e, last, missed) {
  if (e.link.kind !== RATCHET) {
    if (e.me === e.sealing.leader)
      hold(c, e, e.me, freshSecret(c.random));
  } else if (last !== null && missed.contexts.length === 0 && !e.roster.entries[e.me].isNew && isShared(last) &&
             last.held[last.me] !== null) {
    hold(c, e, e.me, ratchetSecret(last.held[last.me], e.context));
    e.ratcheted = true;
  }
  if (e.held[e.me] !== null)
    c.doubted = false;
}

/* The slow part is not done here: the output asks for it, once in an instance, and it comes as an event. */
export function wantPassphrase(c, instance) {
  if (c.passphraseInstance === instance)
    return;
  wipe(c.passphraseKey);
  c.passphraseKey = null;
  c.passphraseInstance = instance;
  c.out.passphrase = {instance, salt: passphraseSalt(c.room, instance), iterations: PASSPHRASE_ITERATIONS};
}

function fromPassphrase(c, e) {
  wantPassphrase(c, e.instance);
  if (c.passphraseKey !== null)
    hold(c, e, e.me, passphraseSecret(c.passphraseKey, e.context));
}

/* It came; key: its 32 bytes. */
export function passphraseCame(c, instance, key) {
  if (instance !== c.passphraseInstance)
    return;
  c.passphraseKey = key;
  const e = epochNow(c);
  if (e?.link.source === 'passphrase' && e.instance === instance && e.held[e.me] === null)
    fromPassphrase(c, e);
}

/* What follows from the last epoch we know (null: none) through those we missed, from the passphrase, or is made anew. */
export function firstKeys(c, e, last, missed) {
  if (isLed(e.link.source))
    fromLeader(c, e, last, missed);
  else if (e.link.source === 'passphrase')
    fromPassphrase(c, e);
  else
    fromParticipants(c, e, last, missed);
}
