/* Bytes and their spellings (docs/protocol.md 2.2 - 2.4). Ids travel through this package as lowercase hex, public keys,
 * digests and signatures as base64: each has exactly one spelling, so equal strings are equal bytes. */
import {fail} from './err.js';

const encoder = new TextEncoder();

export function concat(...parts) {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/* UTF-8. What is signed, hashed or compared by it went through isPlain first: a lone surrogate has no UTF-8. */
export function utf8(text) {
  return encoder.encode(text);
}

export function u8(v) {
  return Uint8Array.of(v);
}

export function u16(v) {
  return Uint8Array.of(v >>> 8, v);
}

export function u32(v) {
  return Uint8Array.of(v >>> 24, v >>> 16, v >>> 8, v);
}

/* v: a BigInt, or a number without a fraction below 2^53. */
export function u64(v) {
  const out = new Uint8Array(8);
  new DataView(out.buffer).setBigUint64(0, BigInt(v));
  return out;
}

/* LP(x): a string stands for its UTF-8. */
export function lp(x) {
  const bytes = typeof x === 'string' ? utf8(x) : x;
  return concat(u32(bytes.length), bytes);
}

/* Bytewise, as memcmp, the shorter first where one begins the other. */
export function compare(a, b) {
  const len = Math.min(a.length, b.length);
  for (let i = 0; i < len; i++)
    if (a[i] !== b[i])
      return a[i] - b[i];
  return a.length - b.length;
}

/* In a time that depends on the lengths alone. */
export function equal(a, b) {
  let difference = a.length ^ b.length;
  for (let i = 0; i < a.length; i++)
    difference |= a[i] ^ b[i];
  return difference === 0;
}

/* What JavaScript can do to forget: copies that its engine made stay until they are overwritten. */
export function wipe(bytes) {
  bytes?.fill(0);
}

/* Has a UTF-8, has no control characters (2.3), and is at most max bytes long. */
export function isPlain(text, max) {
  let len = 0;
  for (const character of text) {
    const c = character.codePointAt(0);
    if (c < 0x20 || (c >= 0x7f && c <= 0x9f) || (c >= 0xd800 && c <= 0xdfff))
      return false;
    len += c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    if (len > max)
      return false;
  }
  return true;
}

export function toHex(bytes) {
  return Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('');
}

/* Lowercase hex of exactly len bytes, or `malformed`. */
export function fromHex(text, len = 16) {
  if (text.length !== 2 * len || !/^[0-9a-f]*$/.test(text))
    fail('malformed');
  const out = new Uint8Array(len);
  for (let i = 0; i < len; i++)
    out[i] = parseInt(text.slice(2 * i, 2 * i + 2), 16);
  return out;
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const values = new Map(Array.from(alphabet, (c, i) => [c.charCodeAt(0), i]));

/* RFC 4648 section 4 without padding. */
export function toBase64(bytes) {
  const out = [];
  for (let i = 0; i < bytes.length; i += 3) {
    const left = bytes.length - i;
    const three = (bytes[i] << 16) | ((left > 1 ? bytes[i + 1] : 0) << 8) | (left > 2 ? bytes[i + 2] : 0);
    out.push(alphabet[three >> 18], alphabet[(three >> 12) & 63]);
    if (left > 1)
      out.push(alphabet[(three >> 6) & 63]);
    if (left > 2)
      out.push(alphabet[three & 63]);
  }
  return out.join('');
}

/* `bad-base64` for white space, padding, other characters, non-zero trailing bits, or another length than len (if it is
 * given). */
export function fromBase64(text, len) {
  const out = new Uint8Array((text.length * 3) >> 2);
  if (text.length % 4 === 1 || (len !== undefined && (out.length !== len || text.length !== Math.ceil(len * 4 / 3))))
    fail('bad-base64');
  let held = 0, bits = 0, at = 0;
  for (let i = 0; i < text.length; i++) {
    const v = values.get(text.charCodeAt(i));
    if (v === undefined)
      fail('bad-base64');
    held = ((held << 6) | v) & 0xfff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      out[at++] = held >> bits;
    }
  }
  if (held & ((1 << bits) - 1))
    fail('bad-base64');
  return out;
}

/* Are these spellings of 16, 32 and 64 bytes? They throw what fromHex and fromBase64 throw, and return the text. */
export function asId(text) {
  fromHex(text, 16);
  return text;
}

export function asKey(text) {
  fromBase64(text, 32);
  return text;
}

export function asSignature(text) {
  fromBase64(text, 64);
  return text;
}

/* The tag of an instance, null for none (2.10). */
export function tagOf(instance) {
  return instance === null ? null : toBase64(fromHex(instance).slice(0, 6));
}
