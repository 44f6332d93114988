/* The tree of a log from its leaves' hashes (docs/protocol.md 11.1): what an auditor computes, and who keeps a log. */
import {fail} from '../protocol/err.js';
import {sha256} from '../protocol/hash.js';
import {nodeHash} from './proof.js';

/* The largest power of two below n. */
const split = (n) => 2 ** (Math.ceil(Math.log2(n)) - 1);

/* leaves: hashes, in order. */
export class Tree {
  #leaves;
  #whole = new Map(); /* hashes of whole subtrees, which never change: by level and position */

  constructor(leaves) {
    this.#leaves = leaves;
  }

  #range(begin, end) {
    const n = end - begin;
    if (n === 1)
      return this.#leaves[begin];
    const middle = begin + split(n), name = n === 2 * split(n) ? `${n} ${begin}` : null;
    const hash = this.#whole.get(name) ?? nodeHash(this.#range(begin, middle), this.#range(middle, end));
    if (name !== null)
      this.#whole.set(name, hash);
    return hash;
  }

  root(size = this.#leaves.length) {
    return size === 0 ? sha256(new Uint8Array(0)) : this.#range(0, size);
  }

  /* The node over 2^level leaves. */
  node(level, index) {
    return this.#range(index * 2 ** level, (index + 1) * 2 ** level);
  }

  /* `index-outside`. From the leaf's sibling up. */
  inclusion(index, size) {
    if (index >= size || size > this.#leaves.length)
      fail('index-outside');
    const proof = [];
    for (let begin = 0, end = size; end - begin > 1;) {
      const middle = begin + split(end - begin), left = index < middle;
      proof.unshift(left ? this.#range(middle, end) : this.#range(begin, middle));
      [begin, end] = left ? [begin, middle] : [middle, end];
    }
    return proof;
  }

  /* `from-nothing`, `rolled-back`. */
  consistency(from, to) {
    if (from === 0)
      fail('from-nothing');
    if (from > to)
      fail('rolled-back');
    const proof = [];
    let begin = 0, end = to;
    while (from < end) {
      const middle = begin + split(end - begin), left = from <= middle;
      proof.unshift(left ? this.#range(middle, end) : this.#range(begin, middle));
      [begin, end] = left ? [begin, middle] : [middle, end];
    }
    if (begin !== 0) /* else what is left is the old tree, whose root is known */
      proof.unshift(this.#range(begin, end));
    return proof;
  }
}
