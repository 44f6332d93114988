/** A participant in a page: a kept device, a stream, media through a worker, and events of what there is to show. */
import type {El, Report} from '../client/index.js';
import type {FrameKind} from '../frame/index.js';
import type {Id, Kind, Policy} from '../protocol/index.js';

/** A stream, by which stanzas come and go; it is the meeting's from `open` on. */
export interface Transport {
  /** Once; `up` and `down` then as often as the stream comes and goes. `why`: `down`, `refused-login`. */
  start(heard: {up(jid: string): void; down(why: string): void; stanza(el: El): void}): void;
  send(el: El): void;
  stop(): void;
}

/** strophe.js over WebSocket (`ws:`, `wss:`) or BOSH (`http:`, `https:`). It comes back by itself when the stream is lost, also
 * when nobody has closed it. A `jid` without a user logs in as a guest. */
export class StropheTransport implements Transport {
  constructor(config: {Strophe: object; url: string; jid: string; password?: string});
  start(heard: {up(jid: string): void; down(why: string): void; stanza(el: El): void}): void;
  send(el: El): void;
  stop(): void;
}

/** A Strophe.Connection of somebody else, who says when it is up and down. */
export class HandedIn implements Transport {
  constructor(connection: object);
  up(): void;
  down(why?: string): void;
  start(heard: {up(jid: string): void; down(why: string): void; stanza(el: El): void}): void;
  send(el: El): void;
  stop(): void;
}

export interface MeetingConfig {
  /** Bare JID. */
  room: string;
  /** The participant's id in the room. */
  nick: string;
  /** The service's JID. */
  service: string;
  transport: Transport;
  /** What `@matrix-org/olm` exports, not initialised by anybody else; `olmFile`: where `olm.wasm` lies. */
  olm: object;
  olmFile?: string;
  /** Name of the database that keeps the device; null: a new device for each page. Default `keyroom`. */
  store?: string | null;
  /** Who its user is by a token, `token:TENANT:ID`: the service may name no other owner than this and the own bare JID. */
  owner?: string;
  /** A weaker policy is refused; default `occupants`. */
  floor?: Policy['authorise'];
  /** Only this one is accepted; default: any. */
  format?: Policy['format'];
  /** The key sources that it takes part in; default `participants` alone. With `leader`, `service` and `passphrase` members (or
   * the service, or whoever knows the passphrase) could forge each other's media, which a page must show (`state.source`). */
  sources?: Policy['source'][];
  /** Offers to make the keys of all. */
  lead?: boolean;
  /** The device that may lead with source `service`. */
  serviceDevice?: Id;
  /** 1 to 1024 bytes of UTF-8; with source `passphrase`. */
  passphrase?: string;
  /** How long what the own person verified is told to others, in seconds; 0: it is not. Default 90 days. */
  attestFor?: number;
  /** The floor `verified` is reached by a room whose operator says who is. */
  operatorMayVerify?: boolean;
  /** The key of the service's log, as its operator gives it: another is refused. Default: the first that was seen. */
  log?: {origin: string; key: string};
  /** False: frames travel by other means than WebRTC, so the browser needs no encoded transforms. */
  media?: boolean;
  /** Runs `keyroom/page/worker`; default: a new one. */
  worker?: Worker;
}

/** Codes are stable, texts are for participants. Null: what was wrong is over. */
export interface Warning {
  code: string | null;
  text: string;
  who: string[];
}

export interface MeetingState {
  connected: boolean;
  joined: boolean;
  member: boolean;
  /** Somebody has to let this device in. */
  waiting: boolean;
  /** Frames go out, sealed with the key of `epoch`. */
  sending: boolean;
  epoch: number;
  instance: Id | null;
  /** Why the newest epoch was announced. */
  reasons: string[];
  /** Where the newest epoch's keys come from, and which participant makes them for all (null: none). */
  source: Policy['source'] | null;
  leader: string | null;
  /** Somebody who left holds the key in use. */
  exposed: boolean;
  mismatched: boolean;
  /** The code of the last warning that is not over. */
  warning: string | null;
}

export interface Member {
  participant: string;
  device: Id;
  owner: string;
  /** The newest epoch with it; `held`: its key of that epoch is here. */
  epoch: number;
  held: boolean;
  /** By what the own person verified. */
  trust: 'none' | 'verified' | 'changed';
}

/** What `addEventListener` gives, as `event.detail`. */
export interface MeetingEvents {
  key: {participant: string; epoch: number; held: boolean};
  epoch: {
    phase: 'announced' | 'committed' | 'switched' | 'stopped'; epoch: number; instance: Id; kind?: Kind; reasons?: string[];
    why?: string; who?: string[]; exposure?: number | null;
  };
  member: {participant: string; device: Id; owner: string; present: boolean};
  /** `changed`: another device than the one that was verified under that owner or, of a guest, `name`. */
  verified: {participant: string; device: Id; verified: boolean; changed: boolean; name: string | null};
  /** What becomes of a verification: they ask; both compare a code; it holds; the codes differ; it ended. */
  verify: {
    step: 'asked' | 'code' | 'verified' | 'mismatch' | 'ended'; participant: string; device: Id;
    emoji?: {picture: string; name: string}[]; numbers?: number[]; reason?: string; why?: string; byPeer?: boolean;
  };
  warning: Warning;
  /** Everything that the client reports. */
  report: Report;
}

/** Tracks through the meeting's worker. What is sent is watched: a sender whose packets pass the worker by is cut off, with the
 * warning `not-encrypted`, whatever track it is given later. */
export interface Media {
  /** Adds a track to send (VP8 or VP9, and Opus). */
  send(connection: RTCPeerConnection, track: MediaStreamTrack, init?: RTCRtpTransceiverInit): RTCRtpTransceiver;
  /** A place for a track of that participant. */
  receive(connection: RTCPeerConnection, kind: 'audio' | 'video', participant: string): RTCRtpTransceiver;
  /** For senders and receivers that others make: in the same turn of the event loop. `bad-state` for a sender that has been
   * negotiated. */
  protect(sender: RTCRtpSender): void;
  open(receiver: RTCRtpReceiver, participant: string): void;
}

/** Frames: numbers by epoch, or by the code of a refusal. `lacking`: frames of an epoch whose key was not held; the epoch is
 * `null` where a format does not name it. */
export interface FrameCounts {
  sealed: Record<string, number>;
  unsent: Record<string, number>;
  received: Record<string, {
    opened: Record<string, number>; refused: Record<string, number>; lacking: Record<string, number>;
  }>;
  /** Microseconds, and the frames that took them. */
  micros: {seal: number; sealed: number; open: number; opened: number};
}

/** An EventTarget. */
export class Meeting {
  private constructor();
  /** `no-crypto` (an insecure origin), `no-transform`, `bad-state` (a passphrase that is none); the error's `words` are for participants. */
  static open(config: MeetingConfig): Promise<Meeting>;
  readonly media: Media;
  readonly state: MeetingState;
  /** Of the newest epoch, oneself included. */
  readonly members: Member[];
  /** Enters the room, and again after each reconnect. */
  join(): void;
  leave(): void;
  /** Stays in the room without keys; `join` attaches again. */
  detach(): void;
  /** To be read aloud: the same for all who were told the same roster; null before there is one. Takes a second. */
  roomCode(): Promise<{code: string; devices: number} | null>;
  /** Begins to verify the device of that participant, or agrees to do so when it has asked (event `verify`). What verifies is
   * loaded with the first call. */
  verify(participant: string): void;
  /** What the own person says of the code that is shown. */
  answer(participant: string, same: boolean): void;
  /** Does not want to, or no more. */
  cancelVerify(participant: string): void;
  /** Takes back that its device was verified. */
  distrust(participant: string): void;
  /** A frame that does not travel by WebRTC: `no-key`, `asleep`. */
  seal(frame: Uint8Array, kind?: FrameKind): Promise<Uint8Array>;
  /** `no-key`, `bad-frame`, `wrong-sender`, `replay`. */
  open(participant: string, frame: Uint8Array, kind?: FrameKind): Promise<{plain: Uint8Array; epoch: number}>;
  counts(): Promise<FrameCounts>;
  /** Leaves, and forgets everything but the kept device. */
  close(): void;
  addEventListener<K extends keyof MeetingEvents>(
    type: K, listener: (event: CustomEvent<MeetingEvents[K]>) => void, options?: boolean | AddEventListenerOptions,
  ): void;
  removeEventListener<K extends keyof MeetingEvents>(
    type: K, listener: (event: CustomEvent<MeetingEvents[K]>) => void, options?: boolean | EventListenerOptions,
  ): void;
}

/** For `new RTCPeerConnection(peerConfig())`. */
export function peerConfig(config?: RTCConfiguration): RTCConfiguration;
/** What a browser lacks: `no-crypto`, `no-transform`. */
export function lacking(scope?: object): string[];
/** A warning's text. */
export function wordsFor(code: string): string;
/** docs/protocol.md 12.1, of a roster digest of 32 bytes. */
export function codeOfRoster(digest: Uint8Array): Promise<string>;
