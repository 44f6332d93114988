/* What a client asks (docs/protocol.md section 6), and what is answered. */
import {concat, tagOf, toBase64, u8} from '../protocol/bytes.js';
import {fail} from '../protocol/err.js';
import {CLAIM_MAX, LOG_ENTRY_MAX, PROOF_HASHES, REASON_MAX, TEXT_MAX} from '../protocol/limit.js';
import {pack} from '../protocol/pack.js';
import {ROUND_2} from '../protocol/signed.js';
import {attr, is, make, NS, NS_CLIENT, NS_ERRORS, NS_STANZAS} from './el.js';
import {readMember} from './notice.js';
import {
  readBytes, readEpoch, readId, readNumber, readKey, readOwner, readParticipant, readRoom, readSignature, readSingle, readText, readWord,
} from './read.js';

const list = (indices) => (indices.length > 0 ? indices.join(' ') : undefined);
const signedKey = (name, {key, sig}) => make(name, NS, {key, sig});

/* The newest checkpoint that the client has of the service's log, if it has one. */
const seenLog = ({log, logOrigin}) => (log ? {log: `${log.size} ${log.root} ${log.sig}`, 'log-origin': logOrigin} : {});

const signedText = (r) => ({attrs: {sig: r.sig}, text: toBase64(r.text)});

/* By kind: the IQ's type, then attributes, children and text of the element. */
const encoders = {
  challenge: ['get', () => ({})],
  attach: ['set', (r) => ({
    attrs: {
      instance: r.instance, participant: r.participant, owner: r.owner, device: r.device, attach: r.attach,
      nonce: r.nonce, ed25519: r.ed25519, curve25519: r.curve25519, sig: r.sig,
      sources: r.sources, lead: r.lead, ...seenLog(r),
    },
    children: [...r.otks.map((k) => signedKey('otk', k)), signedKey('fallback', r.fallback)],
  })],
  keys: ['set', (r) => ({
    attrs: {attach: r.attach},
    children: [...r.otks.map((k) => signedKey('otk', k)), ...(r.fallback ? [signedKey('fallback', r.fallback)] : [])],
  })],
  detach: ['set', () => ({})],
  claim: ['set', (r) => ({children: r.targets.map((t) => make('of', NS, {attach: t.attach, reset: t.reset}))})],
  envelope: ['set', (r) => ({
    attrs: {
      epoch: r.epoch, round: r.round === ROUND_2 ? undefined : r.round, part: r.of > 1 && r.part, of: r.of > 1 && r.of, sig: r.sig,
      confirm: r.confirm,
    },
    text: toBase64(pack(r.entries)),
  })],
  ack: ['set', (r) => ({
    attrs: {epoch: r.epoch, missing: list(r.missing), mismatch: list(r.mismatch), confirm: r.confirm},
  })],
  session: ['set', (r) => ({attrs: {to: r.to, verify: r.verify}, text: toBase64(concat(u8(r.type), r.message))})],
  whole: ['get', (r) => ({attrs: {since: r.since, ...seenLog(r)}})],
  approve: ['set', (r) => ({attrs: {device: r.device}})],
  revoke: ['set', (r) => ({attrs: {device: r.device}})],
  rotate: ['set', () => ({})],
  attest: ['set', signedText],
  unattest: ['set', signedText],
  proof: ['get', (r) => ({attrs: {instance: r.instance, epoch: r.epoch, size: r.size, since: r.since}})],
  line: ['get', (r) => ({attrs: {participant: r.participant, attach: r.attach}})],
  alarm: ['set', (r) => ({attrs: {attach: r.attach}})],
};

/* These name the instance by its tag alone. */
const IN_INSTANCE = ['envelope', 'ack'];

/* The IQ of a request {kind, ...} of a client that is in the room. */
export function requestIq(request, {room, instance, service}, id) {
  const [type, encode] = encoders[request.kind];
  const {attrs = {}, children = [], text = ''} = encode(request);
  const where = IN_INSTANCE.includes(request.kind) ? {in: tagOf(instance)} : {room};
  return make('iq', NS_CLIENT, {type, to: service, id}, [make(request.kind, NS, {...where, ...attrs}, children, text)]);
}

function begin(payload, name) {
  return payload !== null && is(payload, name, NS) ? readRoom(payload) : fail('malformed');
}

export function readChallenge(payload) {
  const room = begin(payload, 'challenge');
  const policy = readSingle(payload, 'policy') ?? fail('malformed');
  return {
    room, instance: readId(payload, 'instance'), nonce: readId(payload, 'nonce'),
    participant: readParticipant(payload), owner: readOwner(payload), policyText: readBytes(policy, 1, TEXT_MAX),
  };
}

/* reason: null for a member. */
export function readAttached(payload) {
  const room = begin(payload, 'attached');
  const waiting = readWord(payload, 'state', ['member', 'waiting']) === 'waiting';
  return {room, waiting, reason: waiting ? readText(payload, 'reason', REASON_MAX) : null};
}

/* keys: in the order of what was asked; {attach, none: true} for who has left. */
export function readClaimed(payload) {
  const room = begin(payload, 'claimed');
  const all = payload.children.filter((c) => is(c, 'key', NS) || is(c, 'none', NS));
  if (all.length === 0)
    fail('malformed');
  if (all.length > CLAIM_MAX)
    fail('too-large');
  return {room, keys: all.map((c) => (c.name === 'none' ? {attach: readId(c, 'attach'), none: true} : {
    attach: readId(c, 'attach'), none: false, kind: readWord(c, 'kind', ['one-time', 'fallback']),
    key: readKey(c, 'key'), sig: readSignature(c, 'sig'),
  }))};
}

function readHashes(el, name) {
  const child = readSingle(el, name), bytes = child === null ? new Uint8Array(0) : readBytes(child, 32, PROOF_HASHES * 32);
  if (bytes.length % 32 !== 0)
    fail('malformed');
  return Array.from({length: bytes.length / 32}, (_, i) => bytes.slice(32 * i, 32 * i + 32));
}

export function readProof(payload) {
  const room = begin(payload, 'proof'), size = readNumber(payload, 'size', 1, Number.MAX_SAFE_INTEGER);
  return {
    room, size, epoch: readEpoch(payload, 'epoch'), index: readNumber(payload, 'index', 0, Number.MAX_SAFE_INTEGER),
    since: attr(payload, 'since') === null ? null : readNumber(payload, 'since', 1, size), opening: readKey(payload, 'opening'),
    entry: readBytes(readSingle(payload, 'entry') ?? fail('malformed'), 1, LOG_ENTRY_MAX),
    inclusion: readHashes(payload, 'inclusion'), consistency: readHashes(payload, 'consistency'),
  };
}

export function readLine(payload) {
  return {room: begin(payload, 'line'), line: readMember(readSingle(payload, 'member') ?? fail('malformed'))};
}

const REFUSALS = new Set([
  'malformed', 'too-large', 'bad-base64', 'bad-signature', 'bad-challenge', 'not-occupant', 'wrong-participant',
  'already-attached', 'key-conflict', 'not-member', 'not-in-room', 'revoked', 'quota', 'stale-epoch', 'unknown-epoch',
  'wrong-recipients', 'unexpected', 'unknown-room', 'unknown-request', 'not-allowed', 'busy', 'blind', 'too-many-keys',
  'wrong-instance', 'no-device', 'room-full', 'unknown-device',
  'expired', 'attestation-revoked', 'unknown-attestation', 'wrong-subject', 'log-halted',
]);

function errorChildren(stanza, ns) {
  return (stanza.children.find((c) => is(c, 'error', stanza.ns))?.children ?? []).filter((c) => c.ns === ns);
}

/* The application condition of a stanza of type 'error', or 'internal'. */
export function errorOf(stanza) {
  const name = errorChildren(stanza, NS_ERRORS)[0]?.name;
  return REFUSALS.has(name) ? name : 'internal';
}

/* The defined condition (RFC 6120 8.3.3), or ''. */
export function conditionOf(stanza) {
  return errorChildren(stanza, NS_STANZAS).find((c) => c.name !== 'text')?.name ?? '';
}
