/* Errors carry a code by which programs tell them apart: the application conditions of docs/protocol.md 9.2, and what
 * a client finds wrong by itself (protocol/base/err.def). The text is for people. */
const texts = {
  'malformed': 'an attribute or element is missing, doubled or not of its form',
  'too-large': 'more elements, depth or bytes than allowed',
  'bad-base64': 'not base64 of the expected form and length',
  'bad-signature': 'a signature does not verify over the text it must cover',
  'wrong-recipients': 'a recipient is missing, doubled, out of order or not in the roster',
  'wrong-participant': "the participant, owner or device is not the sender's own",
  'wrong-instance': 'the instance of the room is another one',
  'context-mismatch': 'the sealed key was made for another context: members were told different things',
  'roster-mismatch': 'the roster does not have the announced digest',
  'epoch-not-above': 'the epoch is not above the highest seen in this instance',
  'not-in-roster': "the sender or recipient is not in the epoch's roster",
  'not-in-presence': "the roster line is not seen in the room's own presence",
  'cannot-open': 'no session opens this message',
  'replay': 'this was received before',
  'no-key': 'no key is held for this frame',
  'bad-frame': 'the frame is malformed or its tag does not verify',
  'wrong-sender': "the frame's key is another participant's",
  'below-floor': "the room's policy is weaker than what the application accepts",
  'chain-broken': 'the announce does not follow from what was announced before',
  'log-key': "the log is not signed with the key that this service's log has: it may be another service, or a log begun anew",
  'log-signature': "what the service says of its log is not signed with the log's key",
  'log-missing': 'the service no longer says where this rotation stands in its log',
  'log-rolled-back': "the service's log is shorter than it was: it was set back, and what it recorded since is gone",
  'log-forked': 'the service showed two different logs: somebody is told another story than you',
  'log-rewritten': 'the service cannot prove that its log still holds what it held before: it was changed',
  'log-not-included': 'the service cannot prove that this rotation stands in its log',
  'log-other-entry': 'the log records this rotation with other people than were in it',
  'log-silent': 'the service has not proved within a minute that this rotation stands in its log',
  'log-halted': "the service's log was set back: it serves nobody until its operator has begun a new one",
  'log-begun-anew': 'the service has begun a new log: what the old one recorded can no longer be checked by this one; ask its operator why',
  'not-verified': 'the device is not verified as the room wants it',
  'expired': "the attestation's times are over, or it was not issued now",
  'attestation-revoked': 'the attestation was revoked, and does not return',
  'unknown-attestation': "no such attestation of the sender's device is known",
  'wrong-subject': 'the attestation is for another device, owner or room than the ones that are here',
  'no-answer': 'no answer came in time',
  'wrong-confirm': 'the leader gave another secret than the one it vouched for',
  'wrong-leader': 'the leader is not the device that the application names',
  'unexpected': 'not now: nothing of this kind is awaited',
  'crypto': 'a cryptographic library refused to work',
  'bad-state': 'not possible in this state',
};

export class KeyroomError extends Error {
  constructor(code) {
    super(texts[code] ?? code);
    this.name = 'KeyroomError';
    this.code = code;
  }
}

export function fail(code) {
  throw new KeyroomError(code);
}

/* The code of what was thrown; what is not ours is a fault in the program, and goes on. */
export function codeOf(error) {
  if (!(error instanceof KeyroomError))
    throw error;
  return error.code;
}
