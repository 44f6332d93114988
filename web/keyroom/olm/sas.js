/* The X25519 key pair of one verification, and what follows from it (docs/protocol.md 12.2): libolm's, raw bytes in and out. Only
 * pages that verify load this. */
import {asKey, equal, fromBase64, utf8} from '../protocol/bytes.js';
import {hkdf} from '../protocol/hash.js';
import {check, Held, KEY_TEXT, withMemory} from './olm.js';

const PROBE = utf8('keyroom:1:zero');

export class OlmSas extends Held {
  /* random(32): the private key. */
  constructor(c, random) {
    super(c, c._olm_sas_size(), c._olm_sas, c._olm_clear_sas);
    this.key = withMemory(c, ({put, room, text}) => {
      const seed = random(c._olm_create_sas_random_length(this.at));
      check(c, c._olm_create_sas(this.at, put(seed), seed.length));
      seed.fill(0);
      const len = c._olm_sas_pubkey_length(this.at), out = room(len);
      check(c, c._olm_sas_get_pubkey(this.at, out, len));
      return asKey(text(out, len));
    });
  }

  /* False for a key that yields an all-zero secret, which libolm does not refuse: what follows from that is known. */
  agree(key) {
    withMemory(this.c, ({put}) => check(this.c, this.c._olm_sas_set_their_key(this.at, put(utf8(key)), KEY_TEXT)));
    const ofZero = hkdf('SHA-256', new Uint8Array(32), new Uint8Array(0), PROBE, 32);
    return fromBase64(key, 32) && !equal(this.bytes(PROBE, 32), ofZero);
  }

  /* HKDF of the secret. */
  bytes(info, len) {
    return withMemory(this.c, ({put, room, get}) => {
      const out = room(len);
      check(this.c, this.c._olm_sas_generate_bytes(this.at, put(info), info.length, out, len));
      return get(out, len);
    });
  }

  /* HMAC over a text, in base64; its key is HKDF of the secret. */
  mac(input, info) {
    return withMemory(this.c, ({put, room, text}) => {
      const bytes = utf8(input), len = this.c._olm_sas_mac_length(this.at), out = room(len);
      check(this.c, this.c._olm_sas_calculate_mac_fixed_base64(this.at, put(bytes), bytes.length, put(info), info.length, out, len));
      return asKey(text(out, len));
    });
  }
}
