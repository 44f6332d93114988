/** The frame formats (docs/protocol.md 5.8, 5.9), and the keys of a meeting by epoch and sender. Needs WebCrypto: a secure
 * origin, or Node (18: with `--experimental-global-webcrypto`). Errors are KeyroomErrors of `keyroom/protocol`. */
import type {Id} from '../protocol/index.js';

/** How many bytes stay clear: of a video's key frames 10, of its other frames 3; of audio none with SFrame, 1 with JFrame. */
export type FrameKind = 'audio' | 'key' | 'delta';

/** What the client's output says of frame keys. Plain data, which may be posted to a worker. */
export type FrameChange =
  | {op: 'epoch'; id: number; epoch: number; format: string; suite: number; attach: Id; participants: string[]; me: number}
  | {op: 'key'; id: number; index: number; baseKey: Uint8Array}
  | {op: 'send'; id: number | null}
  | {op: 'erase'; id: number};

export class FrameKeys {
  /** In the order of the output. The bytes of a `key` are wiped. `bad-state` for an epoch that is not held. */
  apply(change: FrameChange): void;
  /** The epoch whose key frames go out with, and the counter of the next one; null: none goes out. */
  readonly sending: {id: number; epoch: number; counter: bigint} | null;
  /** `no-key` while the client may not send. */
  seal(plain: Uint8Array, kind?: FrameKind): Promise<Uint8Array>;
  /** Of a frame on a track of `participant`: `bad-frame`, `no-key`, `wrong-sender`, `replay`. */
  open(participant: string, frame: Uint8Array, kind?: FrameKind): Promise<{plain: Uint8Array; epoch: number}>;
}

/** PBKDF2 with SHA-256; `len` in bytes. */
export function passphraseKey(
  passphrase: string, salt: string | Uint8Array, iterations: number, len: number,
): Promise<Uint8Array>;

/** RFC 9605. KIDs and counters are below 2^64. */
export const sframe: {
  writeHeader(kid: bigint, ctr: bigint): Uint8Array;
  readHeader(frame: Uint8Array): {kid: bigint; ctr: bigint; len: number};
  suiteOf(id: number): {cipher: object; hash: 'SHA-256' | 'SHA-512'};
  clearLen(kind: FrameKind): number;
  derive(suite: number, kid: bigint, baseKey: Uint8Array): Promise<{key: Uint8Array; salt: Uint8Array}>;
  sframeKey(suite: number, kid: bigint, baseKey: Uint8Array): Promise<SframeKey>;
  nonceOf(salt: Uint8Array, ctr: bigint): Uint8Array;
  sealFrame(key: SframeKey, ctr: bigint, metadata: Uint8Array, plain: Uint8Array): Promise<Uint8Array>;
  openFrame(key: SframeKey, metadata: Uint8Array, frame: Uint8Array): Promise<Uint8Array>;
};
export interface SframeKey {
  readonly kid: bigint;
}

/** JFrame as lib-jitsi-meet ships it. */
export const jframe: {
  readonly RING: number;
  clearLen(kind: FrameKind): number;
  jframeKey(material: Uint8Array, index: number): Promise<JframeKey>;
  ratchetMaterial(material: Uint8Array): Promise<Uint8Array>;
  sealFrame(key: JframeKey, kind: FrameKind, iv: JframeIv, plain: Uint8Array): Promise<Uint8Array>;
  readTrailer(kind: FrameKind, frame: Uint8Array): {index: number; clear: number; iv: JframeIv};
  openFrame(key: JframeKey, kind: FrameKind, frame: Uint8Array): Promise<Uint8Array>;
};
export interface JframeKey {
  readonly index: number;
}
/** 32 bits each. */
export interface JframeIv {
  ssrc: number;
  timestamp: number;
  counter: number;
}
