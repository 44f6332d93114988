/* When a sender uses which key: a pure function of times (docs/protocol.md 5.12). */
import {SWITCH_SLACK_MS, UNSEALED_STOP_MS} from '../protocol/limit.js';

export const KEEP = 'keep', SWITCH = 'switch', SWITCH_CLOCK = 'switch by clock', STOP = 'stop';

/* facts, of the newest announced epoch:
 *   announced, deadline   when it arrived, and the duration as announced, ms
 *   sealed                our secret went out to at least one who needs it, or nobody does
 *   committed, mismatched
 *   sending               frames go out with an older key
 *   current               frames go out with this epoch's key already
 * What to do now, and when to ask again (Infinity: no time changes it). */
export function decide(facts, now) {
  const due = facts.announced + facts.deadline;
  if (facts.current && !facts.mismatched)
    return {what: KEEP, next: Infinity};
  if (facts.sealed && !facts.mismatched) {
    if (facts.committed)
      return {what: SWITCH, next: Infinity};
    const at = due + SWITCH_SLACK_MS;
    return now >= at ? {what: SWITCH_CLOCK, next: Infinity} : {what: KEEP, next: at};
  }
  if (!facts.sending && !facts.current)
    return {what: KEEP, next: Infinity};
  const at = due + UNSEALED_STOP_MS;
  return now >= at ? {what: STOP, next: Infinity} : {what: KEEP, next: at};
}
