/** Olm for the client, out of @matrix-org/olm. Whatever has these methods can take its place. */
import type {Key, Signature} from '../protocol/index.js';

/** `len` bytes of a generator: `(len) => crypto.getRandomValues(new Uint8Array(len))`. */
export type Random = (len: number) => Uint8Array;

/** The C functions of libolm. */
export type OlmLibrary = object;

/** `Olm` is what `@matrix-org/olm` exports; `locateFile` says where a page has `olm.wasm`. This must be what initialises
 * it: otherwise `bad-state`. */
export function loadOlm(
  Olm: object, locateFile?: (name: string, prefix: string) => string,
): Promise<OlmLibrary>;

export interface Session {
  /** `type` 0: a pre-key message, 1: another. */
  encrypt(plain: Uint8Array): {type: number; body: Uint8Array};
  /** `cannot-open`. */
  decrypt(type: number, message: Uint8Array): Uint8Array;
  matches(curve25519: Key, message: Uint8Array): boolean;
  free(): void;
}

/** A device: what the client needs of Olm. */
export interface Device {
  readonly ed25519: Key;
  readonly curve25519: Key;
  sign(bytes: Uint8Array): Signature;
  makeKeys(count: number): Key[];
  makeFallback(): Key;
  outbound(curve25519: Key, oneTimeKey: Key): Session;
  /** `cannot-open`. */
  inbound(curve25519: Key, message: Uint8Array): {session: Session; plain: Uint8Array};
  free(): void;
}

export class OlmSession implements Session {
  private constructor();
  encrypt(plain: Uint8Array): {type: number; body: Uint8Array};
  decrypt(type: number, message: Uint8Array): Uint8Array;
  matches(curve25519: Key, message: Uint8Array): boolean;
  free(): void;
}

export class OlmAccount implements Device {
  private constructor();
  static create(library: OlmLibrary, random: Random): OlmAccount;
  /** `crypto` for another key or damaged bytes. */
  static unpickle(library: OlmLibrary, random: Random, key: Uint8Array, pickle: Uint8Array): OlmAccount;
  /** Encrypted by libolm under `key`; whoever writes it down seals it again. */
  pickle(key: Uint8Array): Uint8Array;
  readonly ed25519: Key;
  readonly curve25519: Key;
  sign(bytes: Uint8Array): Signature;
  makeKeys(count: number): Key[];
  makeFallback(): Key;
  outbound(curve25519: Key, oneTimeKey: Key): OlmSession;
  inbound(curve25519: Key, message: Uint8Array): {session: OlmSession; plain: Uint8Array};
  free(): void;
}
