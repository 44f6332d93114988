/** What an auditor needs of a service's log (docs/protocol.md 11). Hashes are 32 bytes. What does not hold is thrown: an error whose
 * `code` is a word of protocol/log/verdict.def. */
export function leafHash(entry: Uint8Array): Uint8Array;
export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array;
export function checkInclusion(index: number | bigint, size: number | bigint, leaf: Uint8Array, hashes: Uint8Array[], root: Uint8Array): void;
export function checkConsistency(
  from: number | bigint, to: number | bigint, hashes: Uint8Array[], fromRoot: Uint8Array, toRoot: Uint8Array,
): void;

/** The tree over these leaves' hashes. */
export class Tree {
  constructor(leaves: Uint8Array[]);
  root(size?: number): Uint8Array;
  node(level: number, index: number): Uint8Array;
  inclusion(index: number, size: number): Uint8Array[];
  consistency(from: number, to: number): Uint8Array[];
}

export interface NoteKey {
  name: string;
  type: number;
  key: Uint8Array;
  id: Uint8Array;
}
/** `NAME+ID+BASE64` */
export function readVkey(text: string): NoteKey;
export interface Checkpoint {
  origin: string;
  size: bigint;
  root: Uint8Array;
}
export interface Trust {
  log: NoteKey;
  witnesses?: NoteKey[];
  /** How many of the witnesses must have signed. */
  quorum?: number;
}
export function openCheckpoint(note: string, trust: Trust): Checkpoint;
export interface Bundle {
  index: bigint;
  extra: Uint8Array;
  proof: Uint8Array[];
  note: string;
}
export function readBundle(text: string): Bundle;
export function checkBundle(bundle: Bundle, leaf: Uint8Array, trust: Trust): Checkpoint;
/** The values of an entry, by name. */
export function entryValue(entry: Uint8Array): (name: string) => string | null;
