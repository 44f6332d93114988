/* Who left and still holds the key in use: by our own presence and clock (docs/protocol.md 5.12). */
import {EXPOSED_MS} from '../protocol/limit.js';
import {deviceId} from '../protocol/signed.js';
import {askWhole} from './announce.js';
import {shows} from './presence.js';
import {ATTACHING, MEMBER, say} from './state.js';

/* Those of the key in use whom our presence lacks. Kept beyond an attach, as that key is. */
function look(c) {
  const e = c.sending;
  if (e === null)
    return; /* who was gone before is so still when sending goes on */
  const absent = e.roster.entries.filter(
    (m, i) => i !== e.me && !shows(c, m.participant, (m.device ??= deviceId(m.ed25519, m.curve25519))));
  c.absences = new Map(absent.map((m) => [
    m.attach, c.absences.get(m.attach) ?? {participant: m.participant, since: c.now},
  ]));
}

/* An epoch without it was announced: then the bounds of that epoch hold. */
function isAnswered(c, attach) {
  const e = c.epochs[0];
  return e !== undefined && e !== c.sending && e.attach === c.attach && c.phase >= ATTACHING && e.roster.find(attach) < 0;
}

export function exposureUpdate(c) {
  look(c);
  const who = c.sending === null ? [] : [...c.absences]
    .filter(([attach, a]) => c.now >= a.since + EXPOSED_MS && !isAnswered(c, attach))
    .map(([, a]) => a.participant);
  const exposed = who.length > 0;
  if (exposed === c.exposed)
    return;
  c.exposed = exposed;
  say(c, exposed ? 'exposed' : 'unexposed', exposed ? {who} : {});
  /* an announce may have been lost on the way */
  if (exposed && c.phase === MEMBER && !c.mismatched)
    askWhole(c);
}

export function exposureNext(c) {
  return [...c.absences.values()].reduce(
    (due, a) => (c.now < a.since + EXPOSED_MS ? Math.min(due, a.since + EXPOSED_MS) : due), Infinity);
}
