/* Signed notes, checkpoints and cosignatures (docs/protocol.md 11.3 - 11.5), and what is made of them: requests to witnesses, and
 * proof bundles (11.7). Texts are strings; what does not hold is told by a word of protocol/log/verdict.def. */
import {compare, concat, fromBase64, isPlain, toBase64, toHex, u64, u8, utf8} from '../protocol/bytes.js';
import {verify} from '../protocol/ed25519.js';
import {fail} from '../protocol/err.js';
import {sha256} from '../protocol/hash.js';
import {LOG_NAME_MAX} from '../protocol/limit.js';
import {checkInclusion} from './proof.js';

export const ED25519 = 1, COSIGNATURE = 4; /* types of keys */
const ID_LEN = 4, NOTE_MAX = 65536, SIGNATURES_MAX = 64, HASHES_MAX = 64, WITNESS_HASHES_MAX = 63;
const EXTRA_MAX = 393216, BUNDLE_MAX = EXTRA_MAX + NOTE_MAX + 8192, NUMBER_MAX = 2n ** 63n - 1n;
const DASH = '\u2014 ';

/* With padding, unlike elsewhere in the protocol, and as strict. */
export const toPadded = (bytes) => {
  const text = toBase64(bytes);
  return text + '='.repeat((4 - text.length % 4) % 4);
};

export function fromPadded(text, len, code) {
  const bare = text.replace(/={1,2}$/, '');
  try {
    if (text.length % 4 !== 0)
      fail(code);
    return fromBase64(bare, len);
  } catch {
    return fail(code);
  }
}

function decimal(text, code) {
  return /^(0|[1-9][0-9]{0,18})$/.test(text) && BigInt(text) <= NUMBER_MAX ? BigInt(text) : fail(code);
}

const nameFits = (name) => name !== '' && isPlain(name, LOG_NAME_MAX) && !/[\s+]/u.test(name.replaceAll('\ufeff', ''));

export function keyId(name, type, key) {
  return sha256(concat(utf8(`${name}\n`), u8(type), key)).slice(0, ID_LEN);
}

/* {name, type, key, id}. `key-form`, `key-name`, `key-type`, `key-id`. */
export function readVkey(text) {
  const [name, hex, ...rest] = text.split('+');
  if (!/^[0-9a-f]{8}$/.test(hex ?? '') || rest.length === 0)
    fail('key-form');
  const typed = fromPadded(rest.join('+'), undefined, 'key-form');
  if (!nameFits(name))
    fail('key-name');
  if (typed[0] !== ED25519 && typed[0] !== COSIGNATURE)
    fail('key-type');
  if (typed.length !== 33)
    fail('key-form');
  const key = typed.slice(1), id = keyId(name, typed[0], key);
  return toHex(id) === hex ? {name, type: typed[0], key, id} : fail('key-id');
}

export function vkeyText({name, type, key, id}) {
  return `${name}+${toHex(id)}+${toPadded(concat(u8(type), key))}`;
}

export function cosignedText(time, text) {
  return `cosignature/v1\ntime ${time}\n${text}`;
}

/* What a key of that type signs of a text. */
export const signedBytes = ({type}, text, time) => utf8(type === COSIGNATURE ? cosignedText(time, text) : text);

/* A signature as a line of a note. */
export function signatureLine({name, type, id}, sig, time) {
  return `${DASH}${name} ${toPadded(concat(id, type === COSIGNATURE ? u64(time) : new Uint8Array(0), sig))}\n`;
}

/* The time of the signature, 0n for a key that states none; `bad-signature`. */
function checkSignature(key, text, bytes) {
  const timed = key.type === COSIGNATURE, sig = bytes.slice(ID_LEN + (timed ? 8 : 0));
  const time = timed && bytes.length >= ID_LEN + 8 ? new DataView(bytes.buffer).getBigUint64(ID_LEN) : 0n;
  return sig.length === 64 && time <= NUMBER_MAX && verify(key.key, signedBytes(key, text, time), sig) ? time : fail('bad-signature');
}

/* Lines of signatures over a text: a Map of those of `keys` that signed it, with their newest times. `note-too-long`, `note-cut`,
 * `note-signature-line`, `bad-signature`, `unsigned`. */
export function checkLines(text, lines, keys) {
  const signed = new Map(), all = lines.split('\n');
  if (all.pop() !== '')
    fail('note-cut');
  if (all.length > SIGNATURES_MAX)
    fail('note-too-long');
  for (const line of all) {
    const [, name, base64] = /^\u2014 ([^ ]+) (.*)$/u.exec(line) ?? fail('note-signature-line');
    const bytes = fromPadded(base64, undefined, 'note-signature-line');
    if (!nameFits(name) || bytes.length <= ID_LEN)
      fail('note-signature-line');
    const key = keys.find((k) => k.name === name && compare(k.id, bytes.slice(0, ID_LEN)) === 0);
    if (key === undefined)
      continue;
    const time = checkSignature(key, text, bytes);
    signed.set(key, time > (signed.get(key) ?? 0n) ? time : signed.get(key) ?? time);
  }
  return signed.size > 0 ? signed : fail('unsigned');
}

/* {text, signed} of a note; also `note-not-text`, `note-no-signatures`. */
export function openNote(note, keys) {
  const len = utf8(note).length;
  if (len > NOTE_MAX)
    fail('note-too-long');
  if (!note.endsWith('\n'))
    fail('note-cut');
  if (!isPlain(note.replaceAll('\n', ''), NOTE_MAX))
    fail('note-not-text');
  const split = note.lastIndexOf('\n\n');
  if (split < 0 || split + 2 === note.length)
    fail('note-no-signatures');
  const text = note.slice(0, split + 1);
  return {text, signed: checkLines(text, note.slice(split + 2), keys)};
}

/* {origin, size, root} */
export function checkpointText({origin, size, root}) {
  return `${origin}\n${size}\n${toPadded(root)}\n`;
}

/* size: a BigInt. The words of 11.4. */
export function readCheckpoint(text) {
  const [origin, size, root, ...more] = text.split('\n');
  if (more.length === 0)
    fail('checkpoint-cut');
  if (!nameFits(origin))
    fail('wrong-origin');
  const c = {origin, size: decimal(size, 'checkpoint-size'), root: fromPadded(root, 32, 'checkpoint-root')};
  if (more.length > 1 || more[0] !== '')
    fail('checkpoint-extra');
  if (c.size === 0n && compare(c.root, sha256(new Uint8Array(0))) !== 0)
    fail('checkpoint-empty');
  return c;
}

/* A note that the log signed, and at least `quorum` of these witnesses: the checkpoint. `key-type`, `unwitnessed`, and the words
 * above. */
export function openCheckpoint(note, {log, witnesses = [], quorum = 0}) {
  if (log.type !== ED25519 || witnesses.some((w) => w.type !== COSIGNATURE))
    fail('key-type');
  const {text, signed} = openNote(note, [log, ...witnesses]);
  if (!signed.has(log))
    fail('unsigned');
  if (signed.size - 1 < quorum)
    fail('unwitnessed');
  const c = readCheckpoint(text);
  return c.origin === log.name ? c : fail('wrong-origin');
}

const hashLines = (proof) => proof.map((hash) => `${toPadded(hash)}\n`).join('');

/* Hashes up to the empty line, and what follows it. */
function readHashes(text, max, long, cut) {
  const proof = [];
  for (let at = 0;;) {
    const end = text.indexOf('\n', at), line = text.slice(at, end);
    if (end < 0)
      fail(cut);
    at = end + 1;
    if (line === '')
      return {proof, rest: text.slice(at)};
    if (proof.length === max)
      fail(long);
    proof.push(fromPadded(line, 32, 'bad-hash'));
  }
}

/* What a witness is asked (11.5): {old, proof, note}. */
export function witnessRequest({old, proof, note}) {
  return `old ${old}\n${hashLines(proof)}\n${note}`;
}

export function readWitnessRequest(text) {
  const [, old, body] = /^old ([0-9]+)\n([^]*)$/.exec(text) ?? fail('request-form');
  const {proof, rest} = readHashes(body, WITNESS_HASHES_MAX, 'proof-long', 'request-form');
  return {old: decimal(old, 'request-form'), proof, note: rest};
}

/* {index, extra, proof, note}; extra: bytes that nobody vouches for, or none. */
export function bundleText({index, extra, proof, note}) {
  return `c2sp.org/tlog-proof@v1\n${extra.length > 0 ? `extra ${toPadded(extra)}\n` : ''}index ${index}\n${hashLines(proof)}\n${note}`;
}

/* The words of 11.7. */
export function readBundle(text) {
  if (text.length > BUNDLE_MAX)
    fail('bundle-too-long');
  const [header, ...lines] = text.split('\n');
  if (header !== 'c2sp.org/tlog-proof@v1')
    fail('bundle-header');
  let extra = new Uint8Array(0);
  if (lines[0]?.startsWith('extra ')) {
    const base64 = lines.shift().slice(6);
    if (base64.length > EXTRA_MAX)
      fail('bundle-too-long');
    extra = base64 === '' ? fail('bundle-extra') : fromPadded(base64, undefined, 'bundle-extra');
  }
  const [, index] = /^index ([0-9]+)$/.exec(lines.shift() ?? '') ?? fail('bundle-index');
  const {proof, rest} = readHashes(lines.join('\n'), HASHES_MAX, 'bundle-too-long', 'bundle-cut');
  return {index: decimal(index, 'bundle-index'), extra, proof, note: rest};
}

/* The checkpoint in whose tree the leaf stands. trust as in openCheckpoint. */
export function checkBundle({index, proof, note}, leaf, trust) {
  const c = openCheckpoint(note, trust);
  checkInclusion(index, c.size, leaf, proof, c.root);
  return c;
}
