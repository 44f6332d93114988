/* Reading elements field by field. All throw `malformed` (keys and signatures: `bad-base64`) for what is missing or not of
 * its form. */
import {asId, asKey, asSignature, fromBase64, isPlain} from '../protocol/bytes.js';
import {FRESH, KINDS} from '../protocol/context.js';
import {fail} from '../protocol/err.js';
import {CIPHERTEXT_MAX, EPOCH_MAX, JID_MAX, NICK_MAX, OCCUPANTS_MAX, PARTS_MAX, STANZA_MAX} from '../protocol/limit.js';
import {NORMAL, unpack} from '../protocol/pack.js';
import {FORMATS, isLed, SOURCES, suiteFits} from '../protocol/policy.js';
import {ROUND_1, ROUND_2, SUPPLEMENT} from '../protocol/signed.js';
import {attr, childrenOf} from './el.js';
import {isBareJid} from './jid.js';

function need(el, name) {
  return attr(el, name) ?? fail('malformed');
}

export const readId = (el, name) => asId(need(el, name));
export const readKey = (el, name) => asKey(need(el, name));
export const readSignature = (el, name) => asSignature(need(el, name));

/* Decimal, without sign or leading zero, min to max (below 2^53). */
export function readNumber(el, name, min, max) {
  const text = need(el, name);
  if (!/^(0|[1-9][0-9]{0,15})$/.test(text) || Number(text) < min || Number(text) > max)
    fail('malformed');
  return Number(text);
}

/* Absent means false. */
export function readBool(el, name) {
  const text = attr(el, name);
  if (text === null || text === 'false' || text === '0')
    return false;
  return text === 'true' || text === '1' || fail('malformed');
}

export function readText(el, name, max, mayBeEmpty = false) {
  const text = need(el, name);
  return (text !== '' || mayBeEmpty) && isPlain(text, max) ? text : fail('malformed');
}

export function readRoom(el) {
  const room = readText(el, 'room', JID_MAX);
  return isBareJid(room) ? room : fail('malformed');
}

export const readParticipant = (el) => readText(el, 'participant', NICK_MAX);
export const readOwner = (el) => readText(el, 'owner', JID_MAX, true);
export const readEpoch = (el, name) => readNumber(el, name, 1, EPOCH_MAX);

/* One of these words. */
export function readWord(el, name, words) {
  const text = need(el, name);
  return words.includes(text) ? text : fail('malformed');
}

/* An instance's tag (2.10). */
export function readTag(el) {
  const tag = need(el, 'in');
  return /^[A-Za-z0-9+/]{8}$/.test(tag) ? tag : fail('bad-base64');
}

/* What is as usual is not written. */
const readUsual = (el, name, words, usual) => (attr(el, name) === null ? usual : readWord(el, name, words));
export const readRound = (el) => readUsual(el, 'round', [ROUND_1, ROUND_2, SUPPLEMENT], ROUND_2);
export const readKind = (el) => readUsual(el, 'kind', KINDS, FRESH);
/* A source that is not known here is refused. */
export const readSource = (el) => readWord(el, 'source', SOURCES);

/* Of a past link. */
export function readLink(el) {
  const link = {
    epoch: readEpoch(el, 'epoch'), kind: readKind(el), source: readSource(el),
    format: readWord(el, 'format', FORMATS), suite: readNumber(el, 'suite', 0, 0xffff),
    roster: readKey(el, 'roster'), policy: readKey(el, 'policy'),
  };
  link.leader = isLed(link.source) ? readId(el, 'leader') : null;
  return suiteFits(link.format, link.suite) ? link : fail('malformed');
}

/* The attribute `log`, where a log stood: {size, root}, and sig if one is wanted; null where there is none. */
export function readLog(el, signed) {
  const text = attr(el, 'log');
  if (text === null)
    return null;
  const [size, root, sig, ...more] = text.split(' ');
  if (!/^[1-9][0-9]{0,15}$/.test(size) || root === undefined || (sig !== undefined) !== signed || more.length > 0)
    fail('malformed');
  const log = {size: Number(size), root: asKey(root)};
  return signed ? {...log, sig: asSignature(sig)} : log;
}

/* {part, of}: both attributes or none, none being 1 of 1. */
export function readPart(el) {
  if (attr(el, 'part') === null && attr(el, 'of') === null)
    return {part: 1, of: 1};
  const of = readNumber(el, 'of', 1, PARTS_MAX);
  return {part: readNumber(el, 'part', 1, of), of};
}

/* Strictly rising roster indices; a missing attribute is an empty list, an empty attribute an error. */
export function readList(el, name) {
  const text = attr(el, name);
  if (text === null)
    return [];
  const list = text.split(' ').map((word) => (/^(0|[1-9][0-9]{0,3})$/.test(word) ? Number(word) : fail('malformed')));
  if (list.some((v, i) => v >= OCCUPANTS_MAX || (i > 0 && v <= list[i - 1])))
    fail('malformed');
  return list;
}

/* The element's text, decoded. */
export function readBytes(el, min, max) {
  const bytes = fromBase64(el.text);
  if (bytes.length > max)
    fail('too-large');
  return bytes.length >= min ? bytes : fail('malformed');
}

export function readEntries(el) {
  return unpack(readBytes(el, 0, STANZA_MAX));
}

/* 6.6: the type, then a message of it. */
export function readSession(el) {
  const bytes = readBytes(el, 2, 1 + CIPHERTEXT_MAX);
  return bytes[0] <= NORMAL ? {type: bytes[0], message: bytes.slice(1), verify: readBool(el, 'verify')} : fail('malformed');
}

/* The one child of that name, or null; two are an error. */
export function readSingle(el, name) {
  const all = childrenOf(el, name);
  return all.length <= 1 ? all[0] ?? null : fail('malformed');
}

/* Each child of that name, read; at most max. */
export function readAll(el, name, max, read) {
  const all = childrenOf(el, name);
  return all.length <= max ? all.map(read) : fail('too-large');
}

/* What a leader vouches for, or null. */
export function readConfirm(el) {
  return attr(el, 'confirm') === null ? null : readKey(el, 'confirm');
}
