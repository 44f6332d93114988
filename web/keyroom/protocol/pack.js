/* Olm ciphertexts packed by roster index (docs/protocol.md 6.4, 7.3): {index, type, body}. */
import {concat, u16, u8} from './bytes.js';
import {fail} from './err.js';
import {CIPHERTEXT_MAX, OCCUPANTS_MAX} from './limit.js';

export const PREKEY = 0, NORMAL = 1, WITHHELD = 2;
/* The one byte of a withheld entry. */
export const WITHHELD_ATTACH = 1, WITHHELD_PRESENCE = 2, WITHHELD_SESSION = 3, WITHHELD_UNVERIFIED = 4;

/* What an entry of a body this long adds to a pack. */
export function packedLen(bodyLen) {
  return 5 + bodyLen;
}

export function pack(entries) {
  return concat(...entries.map((e) => concat(u16(e.index), u8(e.type), u16(e.body.length), e.body)));
}

function bodyFits(type, body) {
  if (type === PREKEY || type === NORMAL)
    return body.length >= 1 && body.length <= CIPHERTEXT_MAX;
  return type === WITHHELD && body.length === 1 && body[0] >= WITHHELD_ATTACH && body[0] <= WITHHELD_UNVERIFIED;
}

/* All entries; no bytes yield none. `malformed`: truncated, trailing bytes, an unknown type, a body of a length that its
 * type may not have; `wrong-recipients`: indices not strictly rising or above 4095. */
export function unpack(bytes) {
  const entries = [];
  let last = -1;
  for (let at = 0; at < bytes.length;) {
    if (bytes.length - at < 5)
      fail('malformed');
    const index = (bytes[at] << 8) | bytes[at + 1];
    const type = bytes[at + 2];
    const len = (bytes[at + 3] << 8) | bytes[at + 4];
    const body = bytes.slice(at + 5, at + 5 + len);
    if (body.length !== len || !bodyFits(type, body))
      fail('malformed');
    if (index <= last || index >= OCCUPANTS_MAX)
      fail('wrong-recipients');
    entries.push({index, type, body});
    last = index;
    at += 5 + len;
  }
  return entries;
}
