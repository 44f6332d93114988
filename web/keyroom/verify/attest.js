/* Attestations: one device says of another that its person checked it (docs/protocol.md 12.3), and takes it back (12.4). */
import {asId, asKey, compare, isPlain} from '../protocol/bytes.js';
import {canonicalText, readCanonical} from '../protocol/canonical.js';
import {fail} from '../protocol/err.js';
import {JID_MAX} from '../protocol/limit.js';

export const ANY_ROOM = '*';
const SECONDS_MAX = 253402300799; /* the end of year 9999 */

/* {verifier, owner, device, room, issued, expires}: `malformed` for what may not be signed. */
export function attestText({verifier, owner, device, room, issued, expires}) {
  if (!isPlain(owner, JID_MAX) || !isPlain(room, JID_MAX) || room === '' || issued >= expires || expires > SECONDS_MAX || verifier === device)
    fail('malformed');
  return canonicalText('attest', [
    ['verifier', asId(verifier)], ['owner', owner], ['device', asId(device)], ['room', room], ['method', 'sas'],
    ['issued', issued], ['expires', expires],
  ]);
}

export function revokeText({verifier, attestation, issued}) {
  if (issued > SECONDS_MAX)
    fail('malformed');
  return canonicalText('revoke', [['verifier', asId(verifier)], ['attestation', asKey(attestation)], ['issued', issued]]);
}

const seconds = (text) => (/^[0-9]{1,12}$/.test(text) ? Number(text) : fail('malformed'));

/* `malformed` for whatever does not re-encode to itself. */
function same(bytes, text, t) {
  let again = null;
  try {
    again = text(t);
  } catch {
    fail('malformed');
  }
  return compare(again, bytes) === 0 ? t : fail('malformed');
}

export function readAttest(bytes) {
  const [verifier, owner, device, room, , issued, expires] = readCanonical(
    bytes, 'attest', ['verifier', 'owner', 'device', 'room', 'method', 'issued', 'expires']);
  return same(bytes, attestText, {verifier, owner, device, room, issued: seconds(issued), expires: seconds(expires)});
}

export function readRevoke(bytes) {
  const [verifier, attestation, issued] = readCanonical(bytes, 'revoke', ['verifier', 'attestation', 'issued']);
  return same(bytes, revokeText, {verifier, attestation, issued: seconds(issued)});
}
