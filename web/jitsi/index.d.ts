/** A key handler for lib-jitsi-meet whose keys come from a Keyroom service. */
import type {FrameChange} from 'keyroom/frame';
import type {Meeting, MeetingConfig, Transport} from 'keyroom/page';

/** What is used of lib-jitsi-meet's E2EEContext. A key for the own id is sealed with at once. */
export interface E2EEContext {
  setKey(participantId: string, key: Uint8Array | false, keyIndex: number): void;
}

/** What is used of a JitsiConference. */
export interface Conference {
  myUserId(): string;
  room: {
    roomjid: string;
    addOrReplaceInPresence(tag: string, node: {attributes: Record<string, string>}): unknown;
    removeFromPresence(tag: string): unknown;
    sendPresence(): void;
  };
  xmpp: {connection: {_stropheConn: object}};
}

export interface KeyHandler {
  e2eeCtx: E2EEContext;
  conference: Conference;
}

export interface Options {
  /** The service, Olm, and what else a meeting takes; room, nick, transport and format are the conference's. */
  meeting: Omit<MeetingConfig, 'room' | 'nick' | 'transport' | 'format' | 'media' | 'worker'>;
  /** The Strophe.Connection; default: where lib-jitsi-meet has it. */
  connection?(conference: Conference): object;
  /** The meeting, before it joins: for its events. */
  opened?(meeting: Meeting): void;
  /** No meeting could be opened, and why: nobody hears this participant, and it hears nobody, until E2EE is switched off. */
  failed?(error: Error): void;
}

/** A subclass of lib-jitsi-meet's KeyHandler, to be made by its E2EEncryption. */
export function keyroomKeyHandler<T extends new (conference: Conference, ...more: never[]) => KeyHandler>(
  handler: T, options: Options,
): T;

/** Who a token says that its bearer is, for `owner` of a meeting; null: nobody. It is read, not verified. */
export function tokenOwner(jwt: string): string | null;

/** Puts the client's changes there: receivers first, the own key last. */
export class JitsiKeys {
  constructor(context: E2EEContext, own: string, random: (len: number) => Uint8Array);
  apply(change: FrameChange): void;
  /** What is sealed from now on nobody opens. */
  silence(): void;
}

/** The transport on the conference's seat in the room; `up` and `down` are to be called when its connection comes and goes. */
export class JitsiSeat implements Transport {
  constructor(conference: Conference, connection: object);
  up(): void;
  down(): void;
  start: Transport['start'];
  send: Transport['send'];
  stop(): void;
}
