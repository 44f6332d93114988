/* What devices say of devices, as far as it holds, and which lines the policy then takes for verified (docs/protocol.md 12.3 - 12.6).
 * Nothing of it is the service's word: signatures, and who is seen in the room. */
import {codeOf, fail} from '../protocol/err.js';
import {digest} from '../protocol/hash.js';
import {ATTEST_CLOCK_S, OCCUPANTS_MAX} from '../protocol/limit.js';
import {deviceId, verifyText} from '../protocol/signed.js';
import {ask, refused, WAITING} from '../client/state.js';
import {ANY_ROOM, attestText, readAttest, readRevoke, revokeText} from './attest.js';
import {trustAdd, trustAll} from './trust.js';

const ATTESTATIONS_MAX = 4 * OCCUPANTS_MAX;

/* --- what is told --- */

function isSigned({ed25519, curve25519, text, sig}, verifier) {
  return deviceId(ed25519, curve25519) === verifier && verifyText(ed25519, text, sig);
}

function put(c, id, attestation) {
  if (c.attestations.size >= ATTESTATIONS_MAX)
    fail('too-large');
  c.attestations.set(id, attestation);
}

/* 12.4: a newer word takes the place of the older, and taking it back leaves none of before. False: there is a newer one. */
function makeWay(c, t) {
  const same = [...c.attestations].filter(([, a]) => a.verifier === t.verifier && a.device === t.device && a.room === t.room);
  if (same.some(([, a]) => a.revoked && t.issued < a.issued))
    fail('attestation-revoked');
  for (const [id, a] of same)
    if (!a.revoked && t.issued >= a.issued)
      c.attestations.delete(id);
  return !same.some(([, a]) => !a.revoked && t.issued < a.issued);
}

function add(c, line) {
  const t = readAttest(line.text), id = digest(line.text), known = c.attestations.get(id);
  if (!isSigned(line, t.verifier))
    fail('bad-signature');
  if (t.room !== c.room && t.room !== ANY_ROOM)
    fail('wrong-subject');
  if (known?.revoked)
    fail('attestation-revoked');
  if (known !== undefined)
    return;
  if (c.wall === 0 || t.issued > c.wall + ATTEST_CLOCK_S || t.expires <= c.wall)
    fail('expired');
  if (!makeWay(c, t))
    return;
  put(c, id, {...t, revoked: false});
  if (t.verifier === c.deviceId) /* our own, of before */
    trustAdd(c, t.device, t.owner, t.owner || null);
}

/* One that we do not know is remembered as well: it does not come after the word that took it back. */
function takeBack(c, line) {
  const {verifier, attestation} = readRevoke(line.text), known = c.attestations.get(attestation);
  if (!isSigned(line, verifier) || (known !== undefined && known.verifier !== verifier))
    fail('bad-signature');
  if (known === undefined)
    put(c, attestation, {verifier, device: null, owner: '', revoked: true});
  else if (verifier === c.deviceId)
    c.trusted.delete(known.device);
  c.attestations.get(attestation).revoked = true;
}

export function attestationsHeard(c, {lines}) {
  if (c.phase < WAITING)
    return;
  for (const line of lines)
    try {
      (line.revokes ? takeBack : add)(c, line);
    } catch (error) {
      refused(c, line.revokes ? 'revocation' : 'attestation', codeOf(error));
    }
  trustAll(c);
}

/* --- what counts --- */

/* The owner of who signed it, or null: it was not seen here, or is one whose word does not count. */
function standing(c, a) {
  const seen = c.seen.get(a.verifier);
  if (c.policy.verifiedBy === 'owners')
    return seen?.admin ? '' : null;
  return (a.verifier === c.deviceId ? c.owner : seen?.owner) || null;
}

function counts(c, a, p) {
  return !a.revoked && a.device === p.device && a.owner === p.owner && c.wall > 0 && c.wall < a.expires &&
         c.wall < a.issued + c.policy.verifiedFor;
}

function hasVotes(c, p, needed) {
  const owners = [...c.attestations.values()].filter((a) => counts(c, a, p)).map((a) => standing(c, a)).filter((o) => o !== null);
  if (c.policy.verifiedBy === 'owners')
    return owners.length >= needed;
  return new Set(owners.filter((o) => o !== p.owner)).size >= needed;
}

/* Is the line of that peer one that the policy may have let in? */
export function attestedHolds(c, p) {
  const {authorise, verifiedBy, verifiers} = c.policy;
  const isService = c.sources.includes('service') && p.device === c.serviceDevice; /* pinned (5.15) */
  if (authorise !== 'verified' || verifiedBy === 'operator' || isService || c.trusted.has(p.device))
    return true;
  return (verifiedBy === 'owners' && c.occupants.get(p.participant)?.isAdmin) || hasVotes(c, p, verifiers || 1);
}

/* --- our own --- */

function sayAttest(c, kind, makeText) {
  try {
    const text = makeText();
    ask(c, {kind, text, sig: c.device.sign(text)});
  } catch (error) {
    refused(c, kind, codeOf(error));
  }
}

/* Of one whom our person has verified. */
export function attestSend(c, p) {
  if (c.attestFor > 0 && c.wall > 0)
    sayAttest(c, 'attest', () => attestText({
      verifier: c.deviceId, owner: p.owner, device: p.device, room: c.room, issued: c.wall, expires: c.wall + c.attestFor,
    }));
}

export function unattest(c, p) {
  let any = c.trusted.delete(p.device);
  for (const [id, a] of c.attestations)
    if (!a.revoked && a.verifier === c.deviceId && a.device === p.device) {
      sayAttest(c, 'unattest', () => revokeText({verifier: c.deviceId, attestation: id, issued: c.wall}));
      any = true;
    }
  if (!any)
    refused(c, 'unattest', 'unknown-attestation', p.participant);
  trustAll(c);
}
