/* A verification between two devices, as each of them goes through it (docs/protocol.md 12.2).
 *
 *   initiator                       responder
 *   start           start   ->      (its person accepts) answer
 *                           <-      accept: a commitment to its key
 *                   key     ->
 *                           <-      key: must be the one committed to
 *   both show the code; each person says whether it is the other's
 *                   mac    <->      mac
 *                   done   <->      done
 *
 * Pure: time comes with the calls, the key pair is made by a given function. Messages travel inside the Olm session of the two,
 * and only those from this very peer may be given in. One at a time per pair, and how many tries, is for the caller to hold to. */
import {equal, fromBase64} from '../protocol/bytes.js';
import {fail} from '../protocol/err.js';
import {digest} from '../protocol/hash.js';
import {SAS_MACHINE_MS, SAS_PERSON_MS} from '../protocol/limit.js';
import {deviceId} from '../protocol/signed.js';
import {sasCode} from './sas_code.js';
import {commitmentText, infoText, macInfoText} from './sas_text.js';

const CODE_BYTES = 6;
const NAMES = ['ed25519', 'curve25519'];

/* {owner, ed25519, curve25519} with its id and, later, its key. */
const sideOf = ({owner, ed25519, curve25519}) => ({owner, ed25519, curve25519, device: deviceId(ed25519, curve25519), key: null});

/* Two starts that cross: the one of the smaller device id stands, the other is as if never sent. Ids in hex. */
export const ownStartStands = (own, peer) => own < peer;

/* What is awaited in each state. */
const AWAITED = {started: 'accept', accepted: 'key', keyed: 'key', comparing: 'mac'};

export class Sas {
  state; /* started, accepted, keyed, comparing, verified, cancelled: the last two are final */
  isInitiator;
  confirmed = false; /* the own person said that the codes are the same */
  macHeld = false; /* the peer's MACs are over the keys that we see, so its person confirmed */
  peerDone = false; /* the peer said that it holds us for verified too */
  reason = null; /* once cancelled */
  byPeer = false; /* the peer cancelled */
  deadline = Infinity; /* when `tick` is due */
  code = null; /* from comparing on */
  subject;
  #keys; /* an OlmSas, until the end */
  #commitment = null;

  /* setup: {room, instance, own, peer}, the sides as above; makeKeys(): an OlmSas. `malformed` for names that may not be signed,
   * and for a device with itself. */
  constructor({room, instance, own, peer}, isInitiator, transaction, makeKeys) {
    const mine = sideOf(own), theirs = sideOf(peer);
    if (mine.device === theirs.device)
      fail('malformed');
    this.isInitiator = isInitiator;
    this.subject = {room, instance, transaction, initiator: isInitiator ? mine : theirs, responder: isInitiator ? theirs : mine};
    infoText(this.subject);
    this.#keys = makeKeys();
    mine.key = this.#keys.key;
  }

  /* {sas, send}: messages for the peer, in this order, as of all that follows here. makeTransaction(): 16 bytes in hex. */
  static start(setup, makeKeys, makeTransaction, now) {
    const sas = new Sas(setup, true, '', makeKeys);
    sas.subject.transaction = makeTransaction();
    const {initiator, responder} = sas.subject;
    sas.#enter('started', now + SAS_PERSON_MS);
    return {sas, send: [sas.#message('start', {initiator: initiator.device, responder: responder.device})]};
  }

  /* Answers a start message once the own person has agreed to. Cancelled at once if it names other devices, as a reflected one
   * does. */
  static answer(setup, start, makeKeys, now) {
    const sas = new Sas(setup, false, start.transaction, makeKeys), {initiator, responder} = sas.subject;
    if (start.kind !== 'start')
      return {sas, send: sas.cancel('out-of-turn')};
    if (start.initiator !== initiator.device || start.responder !== responder.device)
      return {sas, send: sas.cancel('wrong-device')};
    sas.#enter('accepted', now + SAS_MACHINE_MS);
    return {sas, send: [sas.#message('accept', {commitment: digest(commitmentText(start.transaction, responder.key))})]};
  }

  get isOver() {
    return this.state === 'verified' || this.state === 'cancelled';
  }

  #message(kind, body = {}) {
    return {kind, transaction: this.subject.transaction, ...body};
  }

  #enter(state, deadline) {
    this.state = state;
    this.deadline = deadline;
    if (this.isOver) {
      this.#keys?.free();
      this.#keys = null;
    }
  }

  #end(reason, byPeer) {
    this.reason = reason;
    this.byPeer = byPeer;
    this.#enter('cancelled', Infinity);
  }

  get #own() {
    return this.isInitiator ? this.subject.initiator : this.subject.responder;
  }

  get #peer() {
    return this.isInitiator ? this.subject.responder : this.subject.initiator;
  }

  /* A message from the peer. One of another transaction changes nothing here, and is answered. A message that is not this state's,
   * or does not hold, cancels; after the end nothing does anything but done. */
  receive(m, now) {
    if (m.transaction !== this.subject.transaction)
      return unknownTransaction(m);
    if (this.isOver) {
      this.peerDone ||= this.state === 'verified' && m.kind === 'done';
      return [];
    }
    if (m.kind === 'cancel') {
      this.#end(m.reason, true);
      return [];
    }
    if (now >= this.deadline)
      return this.cancel('timeout');
    if (m.kind !== AWAITED[this.state] || (m.kind === 'mac' && this.macHeld))
      return this.cancel('out-of-turn');
    return m.kind === 'accept' ? this.#takeAccept(m, now) : m.kind === 'key' ? this.#takeKey(m, now) : this.#takeMac(m);
  }

  #takeAccept({commitment}, now) {
    this.#commitment = commitment;
    this.#enter('keyed', now + SAS_MACHINE_MS);
    return [this.#message('key', {key: this.#own.key})];
  }

  #checkKey(key) {
    if (key === this.#own.key)
      return 'reflected-key';
    if (this.isInitiator && digest(commitmentText(this.subject.transaction, key)) !== this.#commitment)
      return 'bad-commitment';
    this.#peer.key = key;
    return this.#keys.agree(key) ? null : 'bad-key';
  }

  #takeKey({key}, now) {
    const reason = this.#checkKey(key);
    if (reason !== null)
      return this.cancel(reason);
    this.code = sasCode(this.#keys.bytes(infoText(this.subject), CODE_BYTES));
    this.#enter('comparing', now + SAS_PERSON_MS);
    return this.isInitiator ? [] : [this.#message('key', {key: this.#own.key})];
  }

  /* What that side says of its keys. */
  #macs(sender, receiver) {
    const subject = digest(infoText(this.subject));
    return Object.fromEntries(NAMES.map(
      (name) => [name, this.#keys.mac(sender[name], macInfoText(subject, sender.device, receiver.device, name))]));
  }

  #takeMac(m) {
    const macs = this.#macs(this.#peer, this.#own);
    if (!NAMES.every((name) => equal(fromBase64(macs[name], 32), fromBase64(m[name], 32))))
      return this.cancel('bad-mac');
    this.macHeld = true;
    return this.#settle();
  }

  #settle() {
    if (!this.confirmed || !this.macHeld)
      return [];
    this.#enter('verified', Infinity);
    return [this.#message('done')];
  }

  /* What the own person says of the codes. A mismatch cancels, as loudly as a match counts. Nothing happens unless the codes are
   * shown and this is the first answer. */
  confirm(same) {
    if (this.state !== 'comparing' || this.confirmed)
      return [];
    if (!same)
      return this.cancel('mismatch');
    const mac = this.#message('mac', this.#macs(this.#own, this.#peer));
    this.confirmed = true;
    return [mac, ...this.#settle()];
  }

  /* Ends it for that reason, unless it has ended. */
  cancel(reason) {
    if (this.isOver)
      return [];
    this.#end(reason, false);
    return [this.#message('cancel', {reason})];
  }

  tick(now) {
    return now >= this.deadline ? this.cancel('timeout') : [];
  }
}

/* To a message of a verification that is not going on; a cancel is never answered. */
export function unknownTransaction({kind, transaction}) {
  return kind === 'cancel' || kind === 'done' ? [] : [{kind: 'cancel', transaction, reason: 'unknown-transaction'}];
}
