/* A room's policy (docs/protocol.md 2.9): {authorise, approval, source, leaderAbove, format, suite, rotate}, and with
 * `verified` {verifiedBy, verifiers, verifiedFor}. */
import {compare} from './bytes.js';
import {canonicalText, readCanonical} from './canonical.js';
import {fail} from './err.js';
import {digest} from './hash.js';
import {VERIFIERS_MAX} from './limit.js';

/* Ordered from weak to strong: a floor is a comparison. */
export const AUTHORISE = ['occupants', 'members', 'registered', 'verified'];
export const VERIFIED_BY = ['operator', 'registered', 'owners'];
export const APPROVAL = ['operator', 'owners'];
export const SOURCES = ['participants', 'leader', 'passphrase', 'service'];
/* In one roster line, the leader, all secrets are made (docs/protocol.md 5.13). */
export const isLed = (source) => source === 'leader' || source === 'service';
export const FORMATS = ['sframe', 'jframe'];

/* May this format have that suite? SFrame has RFC 9605's 1 to 5, JFrame none: 0. */
export function suiteFits(format, suite) {
  return format === 'sframe' ? suite >= 1 && suite <= 5 : format === 'jframe' && suite === 0;
}

export function policyText(policy, room) {
  return canonicalText('policy', [
    ['room', room], ['authorise', policy.authorise], ['approval', policy.approval], ['source', policy.source],
    ['leader-above', policy.leaderAbove], ['format', policy.format], ['suite', policy.suite], ['rotate', policy.rotate],
    ...(policy.authorise === 'verified' ?
      [['verified-by', policy.verifiedBy], ['verifiers', policy.verifiers], ['verified-for', policy.verifiedFor]] : []),
  ]);
}

function readNumber(text, max) {
  if (!/^(0|[1-9][0-9]{0,9})$/.test(text) || Number(text) > max)
    fail('malformed');
  return Number(text);
}

const NAMES = ['room', 'authorise', 'approval', 'source', 'leader-above', 'format', 'suite', 'rotate'];
const VERIFIED_NAMES = ['verified-by', 'verifiers', 'verified-for'];

/* What a text of NAMES alone does not have. */
function readVerified(verifiedBy, verifiers, verifiedFor) {
  const v = {verifiedBy, verifiers: readNumber(verifiers, VERIFIERS_MAX), verifiedFor: readNumber(verifiedFor, 0xffffffff)};
  if (!VERIFIED_BY.includes(verifiedBy) || (verifiedBy === 'registered') !== (v.verifiers !== 0) || v.verifiedFor === 0)
    fail('malformed');
  return v;
}

function isVerified(bytes) {
  return new TextDecoder().decode(bytes).includes('\nauthorise=verified\n');
}

/* `malformed` for a text of another room, one that does not re-encode to itself, and names that are not known here: a
 * policy that this client does not understand is one that it cannot hold. */
export function readPolicy(bytes, room) {
  const [, authorise, approval, source, leaderAbove, format, suite, rotate, ...verified] = readCanonical(
    bytes, 'policy', isVerified(bytes) ? [...NAMES, ...VERIFIED_NAMES] : NAMES);
  const policy = {
    authorise, approval, source, leaderAbove: readNumber(leaderAbove, 0xffffffff), format,
    suite: readNumber(suite, 0xffff), rotate: readNumber(rotate, 0xffffffff),
    ...(verified.length > 0 ? readVerified(...verified) : {}),
  };
  if (!AUTHORISE.includes(authorise) || !APPROVAL.includes(approval) || !SOURCES.includes(source) ||
      !FORMATS.includes(format) || !suiteFits(format, policy.suite))
    fail('malformed');
  if (compare(policyText(policy, room), bytes) !== 0)
    fail('malformed');
  return policy;
}

export function policyHash(policy, room) {
  return digest(policyText(policy, room));
}

/* May a room of that policy have an epoch of this source? */
export function policyAllows(policy, source) {
  return source === policy.source || (source === 'leader' && policy.source === 'participants' && policy.leaderAbove > 0);
}
