/* Proofs of a log (docs/protocol.md 11.1, 11.2): RFC 6962 2.1, checked as RFC 9162 2.1.3.2 and 2.1.4.2 say. Hashes are 32 bytes;
 * sizes and indices numbers or BigInts. What does not hold is told by a word of protocol/log/verdict.def, the code of what is
 * thrown. */
import {compare, concat, u8} from '../protocol/bytes.js';
import {fail} from '../protocol/err.js';
import {sha256} from '../protocol/hash.js';

export const leafHash = (entry) => sha256(concat(u8(0), entry));
export const nodeHash = (left, right) => sha256(concat(u8(1), left, right));

const same = (a, b) => compare(a, b) === 0;

/* From a node up: what takes each hash in, as what stands on the left or on the right. */
function climb(fn, sn, hashes, takeLeft, takeRight) {
  for (const hash of hashes) {
    if (sn === 0n)
      fail('proof-long');
    if (fn & 1n || fn === sn) {
      takeLeft(hash);
      while (!(fn & 1n) && fn !== 0n) {
        fn >>= 1n;
        sn >>= 1n;
      }
    } else {
      takeRight(hash);
    }
    fn >>= 1n;
    sn >>= 1n;
  }
  if (sn !== 0n)
    fail('proof-short');
}

/* That the leaf stands at that index of the tree: `index-outside`, `proof-short`, `proof-long`, `not-included`. */
export function checkInclusion(index, size, leaf, hashes, root) {
  if (BigInt(index) >= BigInt(size))
    fail('index-outside');
  let r = leaf;
  climb(BigInt(index), BigInt(size) - 1n, hashes, (left) => { r = nodeHash(left, r); }, (right) => { r = nodeHash(r, right); });
  if (!same(r, root))
    fail('not-included');
}

/* That the tree of size `from` is the beginning of that of size `to`: `from-nothing`, `rolled-back`; of one size: `forked` (other
 * roots), `proof-long`; else `proof-short`, `proof-long`, `not-consistent`. */
export function checkConsistency(from, to, hashes, fromRoot, toRoot) {
  const m = BigInt(from), n = BigInt(to);
  if (m === 0n)
    fail('from-nothing');
  if (m > n)
    fail('rolled-back');
  if (m === n && !same(fromRoot, toRoot))
    fail('forked');
  if (hashes.length > 0 && m === n)
    fail('proof-long');
  if (m === n)
    return;
  if (hashes.length === 0)
    fail('proof-short');
  let fn = m - 1n, sn = n - 1n;
  while (fn & 1n) {
    fn >>= 1n;
    sn >>= 1n;
  }
  const [first, ...rest] = (m & (m - 1n)) === 0n ? [fromRoot, ...hashes] : hashes; /* where the path of the old tree begins */
  let fr = first, sr = first;
  climb(fn, sn, rest, (left) => {
    fr = nodeHash(left, fr);
    sr = nodeHash(left, sr);
  }, (right) => { sr = nodeHash(sr, right); });
  if (!same(fr, fromRoot) || !same(sr, toRoot))
    fail('not-consistent');
}
