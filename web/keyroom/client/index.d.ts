/** A participant of one keyed room, as a pure step: time and randomness are given, stanzas go in and come out as data. */
import type {FrameChange} from '../frame/index.js';
import type {Device, Random} from '../olm/index.js';
import type {Id, Key, Kind, Policy} from '../protocol/index.js';

/** An XML element; `text` is all direct text. */
export interface El {
  name: string;
  ns: string;
  attrs: Record<string, string>;
  children: El[];
  text: string;
}
/** As text; `xmlns` is written where it is not `outer` (`jabber:client`) or the parent's. */
export function toXml(el: El, outer?: string): string;

export interface ClientConfig {
  /** Bare JID. */
  room: string;
  nick: string;
  /** The service's JID. */
  service: string;
  /** Becomes the client's. */
  device: Device;
  random: Random;
  /** Who its user is by a token, `token:TENANT:ID`: no other owner than this and the own bare JID is signed. */
  owner?: string;
  /** A weaker policy is refused; default `occupants`. */
  floor?: Policy['authorise'];
  /** Only this one is accepted; default: any. */
  format?: Policy['format'];
  /** The key sources that it takes part in; default `participants` alone. `service` counts only with `serviceDevice`,
   * `passphrase` only with `passphrase`. */
  sources?: Policy['source'][];
  /** Offers to make the secret for all (source `leader`). */
  lead?: boolean;
  /** The device that may lead with source `service`. */
  serviceDevice?: Id;
  /** There is one: the output asks for what is made of it. */
  passphrase?: boolean;
  /** How long what the own person verified is told to others, in seconds; default 0: it is not. */
  attestFor?: number;
  operatorMayVerify?: boolean;
  /** The service's log as it was seen before; `pinned`: its key is given, and no other is taken. */
  log?: {origin: string; key: Key; pinned?: boolean; seen: {size: number; root: Key; sig: string} | null} | null;
  /** Keeps the keys in use after a leave: a client that wants to try them. */
  keep?: boolean;
}

/** `now`: ms of a monotonic clock, never smaller than that of the event before. `wall`: ms since 1970,
 * without which no attestation holds. */
export type ClientEvent = {now: number; wall?: number} & (
  /** The stream is authenticated as this full JID. */
  | {kind: 'up'; jid: string}
  /** The stream is lost: the seat in the room and the attach with it. */
  | {kind: 'down'}
  /** Arrived, with the namespace `jabber:client`. */
  | {kind: 'stanza'; stanza: El}
  /** The deadline of the last output has come. */
  | {kind: 'time'}
  /** The application wants to be in the room with keys, now and after each reconnect. */
  | {kind: 'join'}
  /** ... no longer. */
  | {kind: 'leave'}
  /** Stays in the room without keys; `join` attaches again. */
  | {kind: 'detach'}
  /** What the own person wants of the device of that participant: to verify it (or to agree to), what it says of the code, no
   * more of it, to take back. */
  | {kind: 'verify' | 'verify-cancel' | 'unattest'; participant: string}
  | {kind: 'verify-answer'; participant: string; same: boolean}
  /** What the output wanted: `part` of `keyroom/verify`, or null if it cannot be had. */
  | {kind: 'part'; part: object | null}
  /** What the output asked for: 32 bytes, which become the client's. */
  | {kind: 'passphrase'; instance: Id; key: Uint8Array});

/** What there is to show. `who`: participants. */
export type Report =
  | {kind: 'joined'}
  | {kind: 'left'; why: string}
  | {kind: 'attached'; waiting: boolean; why: string | null; device: Id; attach: Id; instance: Id}
  /** A request that was refused, or what was received and refused; `why` is a code or a condition. */
  | {kind: 'refused'; what: string; why: string; who?: string[]}
  | {kind: 'announce'; instance: Id; epoch: number; epochKind: Kind; reasons: string[]; context: Key; who: string[];
     source: Policy['source']; leader: string | null; roster: Key; members: {participant: string; owner: string; device: Id}[]}
  | {kind: 'commit'; instance: Id; epoch: number; exposure: number | null}
  | {kind: 'switch'; instance: Id; epoch: number; byClock: boolean}
  /** Sending has stopped. */
  | {kind: 'stop'; instance: Id; epoch: number; why: string}
  /** Others were told something else; only a new attach heals it. */
  | {kind: 'mismatch'; instance: Id; epoch: number; why: string; who: string[]}
  | {kind: 'log'; origin: string; key: Key; size: number; root: Key; sig: string}
  | {kind: 'proved'; epoch: number; size: number}
  | {kind: 'verify'; step: 'asked' | 'code' | 'verified' | 'mismatch' | 'ended'; who: string[]; device: Id;
     emoji?: {picture: string; name: string}[]; numbers?: number[]; reason?: string; why?: string; byPeer?: boolean}
  | {kind: 'trust'; trust: 'none' | 'verified' | 'changed'; who: string[]; device: Id; name: string | null}
  | {kind: 'alarm'; epoch: number; what: string; why: string}
  /** Who left and still holds the key in use. */
  | {kind: 'exposed'; who: string[]}
  | {kind: 'unexposed'}
  | {kind: 'detached'; why: string}
  | {
    kind: 'state'; mode: 'idle' | 'keyed' | 'blind' | 'suspended'; text: string; exposed: boolean; joinsHeld: boolean;
    waiting: {participant: string; device: Id; owner: string}[];
  };

export interface ClientOutput {
  /** In the order to send them. */
  stanzas: El[];
  /** In the order of happening. */
  reports: Report[];
  /** For `FrameKeys`, in this order. Holds keys: to be handed on and forgotten. */
  frames: FrameChange[];
  /** PBKDF2 of the passphrase with SHA-256, 32 bytes, is wanted as an event: it takes too long for a step. */
  passphrase: {instance: Id; salt: Uint8Array; iterations: number} | null;
  /** The part that verifies is wanted as an event. */
  wantsPart: boolean;
  /** Step again at this time at the latest; Infinity: not needed. */
  deadline: number;
}

export interface ClientView {
  joined: boolean;
  member: boolean;
  waiting: boolean;
  mismatched: boolean;
  exposed: boolean;
  maySend: boolean;
  /** Of the key that frames are sealed with; null and 0 without one. */
  instance: Id | null;
  epoch: number;
  /** Epochs of which keys are held. */
  held: number;
  /** The last announced epoch that was accepted. */
  newest: number;
  /** Senders of it whose secret is not held. */
  missing: number;
}

export class Client {
  /** `bad-state` for a floor that is not known. */
  constructor(config: ClientConfig);
  step(event: ClientEvent): ClientOutput;
  look(): ClientView;
  /** Wipes, the device too. What frames still hold is erased by the output. */
  free(): ClientOutput;
}
