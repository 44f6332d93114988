/* Is a message exactly of the form that libolm and vodozemac write? What is not is refused before libolm sees it
 * (protocol/olm/wire.h). Protobuf tags: field number * 8 + wire type (0 varint, 2 bytes). */
import {compare} from '../protocol/bytes.js';

const VERSION = 3, MAC_LEN = 8, BLOCK_LEN = 16, KEY_LEN = 32;

class Cursor {
  constructor(bytes) {
    this.bytes = bytes;
    this.at = 0;
    this.failed = false;
  }

  u8() {
    if (this.at >= this.bytes.length)
      this.failed = true;
    return this.failed ? 0 : this.bytes[this.at++];
  }

  take(len) {
    if (this.failed || this.bytes.length - this.at < len) {
      this.failed = true;
      return new Uint8Array(0);
    }
    this.at += len;
    return this.bytes.subarray(this.at - len, this.at);
  }

  expect(byte) {
    if (this.u8() !== byte)
      this.failed = true;
  }

  /* At most 32 bits, in the shortest form. */
  varint() {
    let v = 0;
    for (let i = 0; i < 5; i++) {
      const byte = this.u8();
      v += (byte & 0x7f) * 2 ** (7 * i);
      if (byte & 0x80)
        continue;
      if (v > 0xffffffff || (i > 0 && byte === 0))
        break;
      return v;
    }
    this.failed = true;
    return 0;
  }

  /* A Curve25519 key, whose top bit is never set: it would be a second spelling. */
  key(tag) {
    this.expect(tag);
    this.expect(KEY_LEN);
    const key = this.take(KEY_LEN);
    if (key.length > 0 && key[KEY_LEN - 1] & 0x80)
      this.failed = true;
    return key;
  }

  get atEnd() {
    return !this.failed && this.at === this.bytes.length;
  }
}

export function isNormal(message) {
  const c = new Cursor(message);
  c.expect(VERSION);
  c.key(0x0a);
  c.expect(0x10);
  c.varint();
  c.expect(0x22);
  const len = c.varint();
  if (len === 0 || len % BLOCK_LEN !== 0)
    return false;
  c.take(len);
  c.take(MAC_LEN);
  return c.atEnd;
}

/* Of that sender, if one is given (32 bytes). */
export function isPrekey(message, curve25519) {
  const c = new Cursor(message);
  c.expect(VERSION);
  c.key(0x0a);
  c.key(0x12);
  const identity = c.key(0x1a);
  c.expect(0x22);
  const inner = c.take(c.varint());
  return c.atEnd && isNormal(inner) && (curve25519 === undefined || compare(identity, curve25519) === 0);
}
