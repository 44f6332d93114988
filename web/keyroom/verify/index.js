/* The part of the client that verifies (docs/protocol.md 12): loaded when somebody begins to, or when the room wants verified
 * devices. The client (client/client.js) is given it as an event, and calls it by these names. */
import {OlmSas} from '../olm/sas.js';
import {refused, WAITING} from '../client/state.js';
import {attestationsHeard, attestedHolds, unattest} from './attested.js';
import {askLine, lineResult} from './lines.js';
import {answer, heard, next, peerGone, sent, stop, time, want, whyNotVerifiable} from './talk.js';
import {trustLook} from './trust.js';

/* One of the roster, if there are two. */
function find(c, participant) {
  const all = [...c.peers.values()].filter((p) => p.participant === participant);
  return all.find((p) => !p.outside) ?? all[0];
}

/* What the own person wants: {kind: 'verify' | 'verify-answer' | 'verify-cancel' | 'unattest', participant, same}. */
function command(c, {kind, participant, same}) {
  const p = find(c, participant), why = whyNotVerifiable(c, p);
  if (p === undefined && kind === 'verify' && c.phase >= WAITING && c.policy.authorise === 'verified')
    askLine(c, participant);
  else if (p !== undefined && kind === 'unattest')
    unattest(c, p);
  else if (why !== null)
    refused(c, 'verify', why, participant);
  else if (kind === 'verify')
    want(c, p);
  else if (kind === 'verify-answer')
    answer(c, p, same);
  else
    stop(c, p, 'user');
}

export const part = {
  /* What came for it: a notice, or a wish. */
  take(c, what) {
    if (what.kind === 'session')
      heard(c, what);
    else if (what.kind === 'attestations')
      attestationsHeard(c, what);
    else
      command(c, what);
  },
  keys: (c) => () => new OlmSas(c.device.c, c.random),
  lookAt: trustLook, holds: attestedHolds, sent, lineResult, peerGone, time, next,
};
