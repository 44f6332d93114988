/* Lines of devices that are attached and in no roster: whoever waits to be verified, and whom it may ask (docs/protocol.md 6.10). */
import {codeOf, fail} from '../protocol/err.js';
import {OCCUPANTS_MAX} from '../protocol/limit.js';
import {peerOfLine} from '../client/apply.js';
import {shows} from '../client/presence.js';
import {ask, refused, WAITING} from '../client/state.js';
import {readLine} from '../message/request.js';
import {heard, want} from './talk.js';

const LINES_MAX = 8; /* that are asked for at once, each with a message that waits */

/* To verify it. */
export function askLine(c, participant) {
  ask(c, {kind: 'line', participant});
}

/* To hear its message. */
export function askLineFor(c, n) {
  if (c.pending.filter((q) => q.kind === 'line').length >= LINES_MAX)
    refused(c, 'session', 'busy');
  else
    ask(c, {kind: 'line', attach: n.from}, {held: n});
}

function take(c, q, payload) {
  const {room, line} = readLine(payload);
  if (room !== c.room || line.attach === c.attach || (q.held && line.attach !== q.held.from))
    fail('malformed');
  let p = c.peers.get(line.attach);
  if (p === undefined && c.peers.size >= OCCUPANTS_MAX)
    fail('too-large');
  if (p === undefined || p.outside) { /* what the roster says of a line stands */
    p = peerOfLine(c, line);
    p.outside = true;
  }
  if (!p.verified)
    fail('bad-signature');
  return shows(c, p.participant, p.device) ? p : fail('not-in-presence');
}

export function lineResult(c, q, payload, error) {
  if (c.phase < WAITING)
    return;
  try {
    if (error !== null)
      fail(error);
    const p = take(c, q, payload);
    if (q.held)
      heard(c, q.held);
    else
      want(c, p);
  } catch (thrown) {
    refused(c, 'line', codeOf(thrown));
  }
}
