/** The pure protocol core, docs/protocol.md sections 2 to 6. Nothing here reads a clock, draws randomness or does I/O. */

/** 16 bytes as 32 lowercase hex digits. */
export type Id = string;
/** 32 bytes as 43 characters of base64 without padding. */
export type Key = string;
/** 64 bytes as 86 characters of base64 without padding. */
export type Signature = string;

/** `code`: an application condition of section 9.2, or what a client finds wrong by itself (`context-mismatch`, ...). */
export class KeyroomError extends Error {
  constructor(code: string);
  readonly code: string;
}

/** RFC 4648 section 4 without padding. */
export function toBase64(bytes: Uint8Array): string;
/** Strict; `bad-base64` for anything but the one spelling, and for another length than `len`. */
export function fromBase64(text: string, len?: number): Uint8Array;
export function toHex(bytes: Uint8Array): string;
/** Lowercase hex of exactly `len` (16) bytes, or `malformed`. */
export function fromHex(text: string, len?: number): Uint8Array;

/** Ed25519 as libsodium verifies: small-order keys and R, and an S that is not canonical, are refused. */
export function verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean;
/** The same with base64; false also for what is not base64. A string stands for its UTF-8. */
export function verifyText(ed25519: Key, text: Uint8Array | string, sig: Signature): boolean;

export type KeyKind = 'one-time' | 'fallback';
export type Round = '1' | '2' | 'supplement';
export type Kind = 'fresh' | 'ratchet';

/** 3.1. */
export function deviceId(ed25519: Key, curve25519: Key): Id;
/** 2.6. The texts throw `malformed` for a value that may not be signed. */
export function keyText(t: {kind: KeyKind; key: Key; device: Id; attach: Id}): Uint8Array;
/** 2.7; `owner` is empty for a guest. */
export function attachText(t: {
  room: string; instance: Id; participant: string; owner: string; device: Id; attach: Id; nonce: Id;
}): Uint8Array;
/** 2.8. */
export function sealedText(t: {
  room: string; instance: Id; epoch: number; context: Key; attach: Id; round: Round; recipients: Key; confirm?: Key;
}): Uint8Array;
/** 2.8, over the attach ids that were sealed for, in roster order. */
export function recipientsDigest(attaches: Id[]): Key;

/** 2.9. */
export interface Policy {
  authorise: 'occupants' | 'members' | 'registered' | 'verified';
  approval: 'operator' | 'owners';
  source: 'participants' | 'leader' | 'passphrase' | 'service';
  format: 'sframe' | 'jframe';
  /** RFC 9605's 1 to 5; 0 with `jframe`. */
  suite: number;
  /** Seconds. */
  leaderAbove: number;
  rotate: number;
  /** With `verified` only; `verifiers` is 0 unless `registered`. */
  verifiedBy?: 'operator' | 'registered' | 'owners';
  verifiers?: number;
  verifiedFor?: number;
}
export function policyText(policy: Policy, room: string): Uint8Array;
/** `malformed` for a text of another room, one that does not re-encode to itself, or with a name not known here. */
export function readPolicy(bytes: Uint8Array, room: string): Policy;
export function policyHash(policy: Policy, room: string): Key;

export interface Member {
  participant: string;
  owner: string;
  ed25519: Key;
  curve25519: Key;
  attach: Id;
  /** A joiner (5.10); not part of the line. */
  isNew?: boolean;
}
export interface RosterEntry extends Member {
  isNew: boolean;
  /** Joiners with a smaller index. */
  joinersBefore: number;
  line: Uint8Array;
}
/** 4.1. */
export function rosterLine(member: Member): Uint8Array;
/** 4.1, 4.2: sorted and digested when made; `roster-mismatch` for a doubled attach or participant, `too-large`. */
export class Roster {
  constructor(members: Member[]);
  readonly entries: RosterEntry[];
  readonly length: number;
  readonly joinerCount: number;
  readonly digest: Key;
  /** The index, or -1. */
  find(attach: Id): number;
  findParticipant(participant: string): number;
  line(index: number): Uint8Array;
}

/** What a `<past/>` carries. */
export interface Link {
  epoch: number;
  kind: Kind;
  source: string;
  /** The attach that makes the secret for all, if one does. */
  leader?: Id;
  format: string;
  suite: number;
  policy: Key;
  roster: Key;
  /** Where the log of the service stood: 5.2, 11.10. */
  log?: {origin: string; keyId: Uint8Array; size: number; root: Key} | null;
}
/** 5.2; `prev` is null for the first epoch of an instance. */
export function contextOf(room: string, instance: Id, prev: Key | null, link: Link): Key;

/** 5.10: must `sender` seal for `recipient` in that round? Indices into the roster. */
/** What the three below look at; `leader`: an attach, with a led source. */
export interface Sealing {
  roster: Roster;
  kind: Kind;
  source: Policy['source'];
  leader: number;
}
export function sealingOf(roster: Roster, link: {kind: Kind; source: Policy['source']; leader?: Id | null}): Sealing;
export function roundHas(sealing: Sealing, round: Round, sender: number, recipient: number): boolean;
export function roundCount(sealing: Sealing, round: Round, sender: number): number;
export function roundAny(sealing: Sealing, sender: number, recipient: number): boolean;

/** 5.5. */
export function ratchetSecret(parent: Uint8Array, context: Key): Uint8Array;
/** 5.6. */
export function baseKey(secret: Uint8Array, context: Key, senderLine: Uint8Array): Uint8Array;
/** 5.7: 47 bytes. */
export function sealedPlain(
  secret: Uint8Array, context: Key, senderLine: Uint8Array, recipientLine: Uint8Array,
): Uint8Array;
/** The secret; `cannot-open` for another length, `context-mismatch` when the tag is not ours. */
export function openSealed(
  plain: Uint8Array, context: Key, senderLine: Uint8Array, recipientLine: Uint8Array,
): Uint8Array;

/** `type`: 0 pre-key, 1 normal, 2 withheld. */
export interface Packed {
  index: number;
  type: number;
  body: Uint8Array;
}
/** 6.4, 7.3. */
export function pack(entries: Packed[]): Uint8Array;
/** `malformed`, `wrong-recipients`. */
export function unpack(bytes: Uint8Array): Packed[];

/** May a room of that policy have an epoch of this source? */
export function policyAllows(policy: Policy, source: Policy['source']): boolean;
/** What a leader vouches for (5.13). */
export function confirmOf(context: Key, secret: Uint8Array): Key;
/** Key source `passphrase` (5.14). */
export function passphraseSalt(room: string, instance: Id): Uint8Array;
export function passphraseSecret(key: Uint8Array, context: Key): Uint8Array;
