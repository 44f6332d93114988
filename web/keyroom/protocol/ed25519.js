/* Ed25519 (RFC 8032), verified exactly as libsodium 1.0.18 verifies, so that no two clients disagree on a signature.
 *
 * Refused before anything is computed:
 * - S that is not below the order L of the base point;
 * - R or a public key of small order: one of the eight points of the torsion group, in any spelling of it;
 * - a public key whose y is not below p = 2^255 - 19, or that is no point.
 * Then R must be, byte for byte, the encoding of S B - k A (without the cofactor); so an R in another spelling fails too.
 * A public key or an R with a torsion part is not refused as such. tests/vectors/ed25519.json has a case of each, which
 * the C tests run against libsodium.
 *
 * noble's own verify multiplies by the cofactor: it accepts signatures that libsodium refuses, hence this one. */
import {CURVE, ExtendedPoint as Point} from '@noble/ed25519';
import {sha512} from '@noble/hashes/sha2';
import {compare, concat, toHex} from './bytes.js';

/* Little-endian y of the points of small order, and of those that have a second spelling; the sign bit is not looked at. */
const smallOrder = new Set([
  '0000000000000000000000000000000000000000000000000000000000000000', /* y = 0: order 4 */
  '0100000000000000000000000000000000000000000000000000000000000000', /* y = 1: the identity */
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05', /* order 8 */
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a', /* order 8 */
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f', /* y = -1: order 2 */
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f', /* p: y = 0 again */
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f', /* p + 1: y = 1 again */
]);

function hasSmallOrder(encoded) {
  const y = encoded.slice();
  y[31] &= 0x7f;
  return smallOrder.has(toHex(y));
}

function number(littleEndian) {
  return BigInt('0x' + toHex(littleEndian.slice().reverse()));
}

/* publicKey: 32 bytes, signature: 64. */
export function verify(publicKey, message, signature) {
  if (publicKey.length !== 32 || signature.length !== 64)
    return false;
  const r = signature.slice(0, 32);
  const s = number(signature.slice(32));
  if (s >= CURVE.n || hasSmallOrder(r) || hasSmallOrder(publicKey))
    return false;
  try {
    const a = Point.fromHex(publicKey, false); /* throws for a y that is not below p, and for what is no point */
    const k = number(sha512(concat(r, publicKey, message))) % CURVE.n;
    const sb = s === 0n ? Point.ZERO : Point.BASE.multiply(s, false);
    const expected = sb.add(a.negate().multiply(k, false));
    return !expected.equals(Point.ZERO) && compare(expected.toRawBytes(), r) === 0;
  } catch {
    return false;
  }
}
