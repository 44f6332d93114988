/* The one interface to libolm: accounts and sessions, raw bytes in and out, randomness given by the caller.
 *
 * The classes of @matrix-org/olm take and give text only, and what is sealed here is bytes; so this calls the C functions
 * beneath them, as protocol/olm does. libolm is deprecated upstream: everything the rest of the package knows of it is
 * this page, and sas.js beside it. Ciphertexts are raw bytes (libolm's base64 is undone here), and have exactly the form that libolm and
 * vodozemac write, or they are refused before libolm sees them. Signatures are made here and verified elsewhere. */
import {asKey, asSignature, fromBase64, toBase64, utf8} from '../protocol/bytes.js';
import {fail} from '../protocol/err.js';
import {NORMAL, PREKEY} from '../protocol/pack.js';
import {isNormal, isPrekey} from './wire.js';

export const KEY_TEXT = 43;
const SIGNATURE_TEXT = 86;
const libraries = new WeakMap();

/* Olm: what @matrix-org/olm exports; locateFile: where a page has olm.wasm. Must be the first to initialise it: `bad-state`
 * if somebody else did, because then there is no way to the C functions. Load a copy of the module in that case. */
export async function loadOlm(Olm, locateFile = (name, prefix) => prefix + name) {
  let c = libraries.get(Olm);
  if (c === undefined) {
    await Olm.init({
      locateFile(name, prefix) {
        c = this; /* Emscripten calls it on its module */
        return locateFile(name, prefix);
      },
    });
    if (c?._olm_create_account === undefined)
      fail('bad-state');
    libraries.set(Olm, c);
  }
  return c;
}

/* Memory of libolm's for one call: wiped and given back at its end. */
export function withMemory(c, use) {
  const taken = [];
  const room = (len) => {
    const at = c._malloc(len + 1);
    if (at === 0)
      fail('crypto');
    taken.push([at, len + 1]);
    c.HEAPU8.fill(0, at, at + len + 1);
    return at;
  };
  const put = (bytes) => {
    const at = room(bytes.length);
    c.HEAPU8.set(bytes, at);
    return at;
  };
  const get = (at, len) => c.HEAPU8.slice(at, at + len);
  const text = (at, len) => new TextDecoder().decode(get(at, len));
  try {
    return use({room, put, get, text});
  } finally {
    for (const [at, len] of taken) {
      c.HEAPU8.fill(0, at, at + len);
      c._free(at);
    }
  }
}

/* libolm's -1 */
function failed(c, result) {
  return result === c._olm_error();
}

export function check(c, result, code = 'crypto') {
  return failed(c, result) ? fail(code) : result;
}

/* What libolm keeps for us until it is freed. */
export class Held {
  constructor(c, size, make, clear) {
    this.c = c;
    this.memory = c._malloc(size);
    this.at = make(this.memory);
    this.clear = clear;
  }

  free() {
    if (this.memory !== 0) {
      this.clear(this.at);
      this.c._free(this.memory);
    }
    this.memory = this.at = 0;
  }
}

/* A double ratchet with one peer. */
export class OlmSession extends Held {
  constructor(c, random) {
    super(c, c._olm_session_size(), c._olm_session, c._olm_clear_session);
    this.random = random;
  }

  /* Does this pre-key message of that peer belong to this session? */
  matches(curve25519, message) {
    const {c} = this;
    if (!isPrekey(message, fromBase64(curve25519, 32)))
      return false;
    return withMemory(c, ({put}) => {
      const text = utf8(toBase64(message));
      return c._olm_matches_inbound_session_from(this.at, put(utf8(curve25519)), KEY_TEXT, put(text), text.length) === 1;
    });
  }

  /* {type, body} */
  encrypt(plain) {
    const {c} = this;
    return withMemory(c, ({room, put, text}) => {
      const len = check(c, c._olm_encrypt_message_length(this.at, plain.length));
      const type = check(c, c._olm_encrypt_message_type(this.at));
      const seed = this.random(check(c, c._olm_encrypt_random_length(this.at)));
      const out = room(len);
      const written = check(c, c._olm_encrypt(this.at, put(plain), plain.length, put(seed), seed.length, out, len));
      seed.fill(0);
      return {type: type === 0 ? PREKEY : NORMAL, body: fromBase64(text(out, written))};
    });
  }

  /* The plaintext; `cannot-open`, and the session is as it was. */
  decrypt(type, message) {
    const {c} = this;
    if (!(type === PREKEY ? isPrekey(message) : type === NORMAL && isNormal(message)))
      fail('cannot-open');
    return withMemory(c, ({room, put, get}) => {
      const text = utf8(toBase64(message)), olmType = type === PREKEY ? 0 : 1;
      const max = check(c, c._olm_decrypt_max_plaintext_length(this.at, olmType, put(text), text.length), 'cannot-open');
      const out = room(max);
      const len = check(c, c._olm_decrypt(this.at, olmType, put(text), text.length, out, max), 'cannot-open');
      return get(out, len);
    });
  }
}

/* A device: an identity pair and its unused one-time keys. */
export class OlmAccount extends Held {
  /* random(len): bytes of a generator. */
  constructor(c, random) {
    super(c, c._olm_account_size(), c._olm_account, c._olm_clear_account);
    this.random = random;
  }

  static create(c, random) {
    const account = new OlmAccount(c, random);
    withMemory(c, ({put}) => {
      const seed = random(c._olm_create_account_random_length(account.at));
      check(c, c._olm_create_account(account.at, put(seed), seed.length));
      seed.fill(0);
    });
    account.#readIdentity();
    return account;
  }

  /* `crypto` for another key or damaged bytes. */
  static unpickle(c, random, key, pickle) {
    const account = new OlmAccount(c, random);
    try {
      withMemory(c, ({put}) => check(c, c._olm_unpickle_account(account.at, put(key), key.length, put(pickle),
                                                               pickle.length)));
      account.#readIdentity();
    } catch (error) {
      account.free();
      throw error;
    }
    return account;
  }

  #readIdentity() {
    const {c} = this;
    const keys = withMemory(c, ({room, text}) => {
      const len = c._olm_account_identity_keys_length(this.at), out = room(len);
      check(c, c._olm_account_identity_keys(this.at, out, len));
      return JSON.parse(text(out, len));
    });
    this.ed25519 = asKey(keys.ed25519);
    this.curve25519 = asKey(keys.curve25519);
  }

  /* Encrypted by libolm under key (bytes); whoever writes it down seals it again. */
  pickle(key) {
    const {c} = this;
    return withMemory(c, ({room, put, get}) => {
      const len = c._olm_pickle_account_length(this.at), out = room(len);
      check(c, c._olm_pickle_account(this.at, put(key), key.length, out, len));
      return get(out, len);
    });
  }

  sign(bytes) {
    const {c} = this;
    return withMemory(c, ({room, put, text}) => {
      const out = room(SIGNATURE_TEXT);
      check(c, c._olm_account_sign(this.at, put(bytes), bytes.length, out, SIGNATURE_TEXT));
      return asSignature(text(out, SIGNATURE_TEXT));
    });
  }

  #make(count, randomLength, generate, length, read) {
    const {c} = this;
    return withMemory(c, ({room, put, text}) => {
      const seed = this.random(randomLength);
      check(c, generate(put(seed), seed.length));
      seed.fill(0);
      const len = length(), out = room(len);
      check(c, read(out, len));
      const keys = Object.values(JSON.parse(text(out, len)).curve25519).map(asKey);
      if (keys.length !== count)
        fail('crypto');
      c._olm_account_mark_keys_as_published(this.at);
      return keys;
    });
  }

  /* One-time keys, as published. libolm keeps 100 and drops the oldest. */
  makeKeys(count) {
    const {c, at} = this;
    if (count > c._olm_account_max_number_of_one_time_keys(at))
      fail('crypto');
    return this.#make(count, c._olm_account_generate_one_time_keys_random_length(at, count),
                      (seed, len) => c._olm_account_generate_one_time_keys(at, count, seed, len),
                      () => c._olm_account_one_time_keys_length(at),
                      (out, len) => c._olm_account_one_time_keys(at, out, len));
  }

  /* Takes the place of the one before, which still opens what was under way. */
  makeFallback() {
    const {c, at} = this;
    return this.#make(1, c._olm_account_generate_fallback_key_random_length(at),
                      (seed, len) => c._olm_account_generate_fallback_key(at, seed, len),
                      () => c._olm_account_unpublished_fallback_key_length(at),
                      (out, len) => c._olm_account_unpublished_fallback_key(at, out, len))[0];
  }

  /* A session towards the holder of a one-time key. */
  outbound(curve25519, oneTimeKey) {
    const {c} = this;
    const session = new OlmSession(c, this.random);
    try {
      withMemory(c, ({put}) => {
        const seed = this.random(c._olm_create_outbound_session_random_length(session.at));
        check(c, c._olm_create_outbound_session(session.at, this.at, put(utf8(curve25519)), KEY_TEXT,
                                                put(utf8(oneTimeKey)), KEY_TEXT, put(seed), seed.length));
        seed.fill(0);
      });
      return session;
    } catch (error) {
      session.free();
      throw error;
    }
  }

  /* {session, plain} of a pre-key message, bound to the peer's identity key; `cannot-open`. The one-time key it used is
   * removed only if the message also decrypts; a fallback key stays. */
  inbound(curve25519, message) {
    const {c} = this;
    if (!isPrekey(message, fromBase64(curve25519, 32)))
      fail('cannot-open');
    const session = new OlmSession(c, this.random);
    try {
      withMemory(c, ({put}) => {
        const text = utf8(toBase64(message));
        check(c, c._olm_create_inbound_session_from(session.at, this.at, put(utf8(curve25519)), KEY_TEXT, put(text),
                                                    text.length), 'cannot-open');
      });
      const plain = session.decrypt(PREKEY, message);
      check(c, c._olm_remove_one_time_keys(this.at, session.at), 'cannot-open');
      return {session, plain};
    } catch (error) {
      session.free();
      throw error;
    }
  }
}
