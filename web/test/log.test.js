/* tests/vectors/log.json and merkle.json: the same inputs give the same bytes as in C, and what was made there holds here. */
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {
  bundleText, checkBundle, checkLines, checkpointText, cosignedText, fromPadded, openCheckpoint, openNote, readBundle, readVkey,
  readWitnessRequest, signatureLine, signedBytes, toPadded, vkeyText, witnessRequest,
} from '../keyroom/log/note.js';
import {checkConsistency, checkInclusion, leafHash} from '../keyroom/log/proof.js';
import {entriesTile, readEntriesTile, readTilePath, tileHashes, tilePath, tileWidth} from '../keyroom/log/tile.js';
import {Tree} from '../keyroom/log/tree.js';
import {utf8} from '../keyroom/protocol/bytes.js';
import {sha256} from '../keyroom/protocol/hash.js';
import {checkpointVerifies} from '../keyroom/protocol/log.js';
import {hex, load, signWithSeed} from './vectors.js';

const vectors = load('log');
const hash = (text) => fromPadded(text, 32, 'bad-hash');
const hashes = (list) => (list ?? []).map(hash);
const code = (name) => ({name: 'KeyroomError', code: name});
const [log, witness] = vectors.keys.map((k) => ({...readVkey(k.vkey), seed: k.seed}));
const trust = {log, witnesses: [witness], quorum: 1};
const small = new Tree(vectors.leaves.map((l) => leafHash(hex(l.entry))));
const wide = new Tree(Array.from({length: vectors.wide.size}, (_, i) => leafHash(utf8(String(i)))));

test('keys', () => {
  assert.equal(vectors.keys.length, 2);
  for (const v of vectors.keys) {
    const key = readVkey(v.vkey);
    assert.deepEqual([key.name, key.type, vkeyText(key)], [v.name, v.type, v.vkey]);
    const parts = v.vkey.split('+');
    for (const [bad, why] of [[v.vkey.replace('+', ' +'), 'key-name'], [[parts[0], '00000000', ...parts.slice(2)].join('+'), 'key-id'],
                              [v.vkey.slice(0, -4), 'key-form'], [parts[0], 'key-form'], ['', 'key-form'],
                              [`x${v.vkey}`, 'key-id'], [`${parts[0]}+${parts[1]}+Ag==`, 'key-type']])
      assert.throws(() => readVkey(bad), code(why), bad);
  }
});

test('leaves, roots, entries', () => {
  for (const v of vectors.leaves)
    assert.deepEqual(leafHash(hex(v.entry)), hash(v.hash));
  assert.equal(vectors.roots.length, 9);
  vectors.roots.forEach((root, size) => assert.equal(toPadded(small.root(size)), root));
  assert.equal(toPadded(wide.root()), vectors.wide.root);
  const entries = vectors.leaves.map((l) => hex(l.entry));
  assert.deepEqual(entriesTile(entries), hex(vectors.entries));
  assert.deepEqual(readEntriesTile(hex(vectors.entries), 8), entries);
  for (const [bytes, width] of [[hex(vectors.entries).slice(1), 8], [hex(vectors.entries), 7], [hex(vectors.entries), 9]])
    assert.throws(() => readEntriesTile(bytes, width), code('tile-length'));
});

for (const [name, of, tree] of [['small', vectors, small], ['wide', vectors.wide, wide]]) {
  test(`proofs of the ${name} tree, made and checked`, () => {
    assert.ok(of.inclusions.length >= 3 && of.consistencies.length >= 3);
    for (const v of of.inclusions) {
      const proof = hashes(v.proof);
      checkInclusion(v.index, v.size, hash(v.leaf), proof, hash(v.root));
      assert.deepEqual(tree.inclusion(v.index, v.size), proof);
      assert.throws(() => checkInclusion(v.index, v.size, leafHash(utf8('another')), proof, hash(v.root)), code('not-included'));
    }
    for (const v of of.consistencies) {
      const proof = hashes(v.proof);
      checkConsistency(v.from, v.to, proof, hash(v.from_root), hash(v.to_root));
      assert.deepEqual(tree.consistency(v.from, v.to), proof);
    }
  });
}

test('tiles', () => {
  for (const v of vectors.wide.tiles) {
    const tile = {level: v.level, index: v.index, width: tileWidth(vectors.wide.size, v.level, v.index)};
    assert.equal(tile.width, v.width);
    assert.equal(tilePath(tile), v.path);
    assert.deepEqual(readTilePath(v.path), {...tile, entries: false, index: BigInt(v.index)});
    assert.equal(toPadded(sha256(tileHashes(wide, vectors.wide.size, tile))), v.sha256);
  }
  for (const v of vectors.paths) {
    const tile = {level: 0, entries: true, index: BigInt(v.index), width: 256};
    assert.equal(tilePath(tile), v.path);
    assert.deepEqual(readTilePath(v.path), tile);
  }
  for (const bad of ['tile/0/00', 'tile/64/000', 'tile/0/x000/001', 'tile/0/000.p/256', 'tile/0/000.p/0', 'tile/0/000.p/01', 'tile//000',
                     'tile/0/000/', 'tile/0/x001', 'tile/00/000', 'tile/entries/x036/x028/x797/x018/x963/968', ''])
    assert.throws(() => readTilePath(bad), code('tile-path'), bad);
});

test('checkpoints and cosignatures', () => {
  assert.equal(vectors.checkpoints.length, 2);
  for (const v of vectors.checkpoints) {
    const c = {origin: log.name, size: BigInt(v.size), root: hash(v.root)};
    const text = checkpointText(c);
    assert.equal(text, v.text);
    assert.equal(cosignedText(v.time, text), v.cosigned);
    const lines = [log, witness].map((k) => signatureLine(k, signWithSeed(k.seed, signedBytes(k, text, v.time)), v.time));
    assert.equal(`${text}\n${lines.join('')}`, v.note);
    assert.deepEqual(openCheckpoint(v.note, trust), c);
    assert.deepEqual([...openNote(v.note, [witness]).signed.values()], [BigInt(v.time)]);
    assert.deepEqual([...checkLines(text, lines[1], [witness]).keys()], [witness]);
    assert.equal(checkpointVerifies(log.name, vectors.keys[0].vkey.slice(-44).length === 44 ? Buffer.from(log.key).toString('base64').replace('=', '') : '', {
      size: v.size, root: v.root.replace('=', ''), sig: Buffer.from(signWithSeed(log.seed, utf8(text))).toString('base64').replace(/=+/, ''),
    }), true);
    const refused = [
      [`${text}\n${lines[0]}`, 'unwitnessed'], [`${text}\n${lines[1]}`, 'unsigned'], [v.note.slice(0, -1), 'note-cut'],
      [v.note.replace('\n', '\r\n'), 'note-not-text'], [text, 'note-no-signatures'], [`${text}\n`, 'note-no-signatures'],
      [v.note.replace(log.name, 'other.example.org/audit'), 'bad-signature'], [`${v.note}- x AAAA\n`, 'note-signature-line'],
      [`${v.note}${lines[0].repeat(63)}`, 'note-too-long'], [`${text}\n${lines[0].replaceAll(log.name, 'x')}`, 'unsigned'],
    ];
    for (const [note, why] of refused)
      assert.throws(() => openCheckpoint(note, trust), code(why), why);
    const resigned = (other) => `${other}\n${[log, witness].map((k) => signatureLine(k, signWithSeed(k.seed, signedBytes(k, other, v.time)), v.time)).join('')}`;
    for (const [other, why] of [[`${log.name}\n8\n`, 'checkpoint-cut'], [text.replace(`\n${v.size}\n`, '\n08\n'), 'checkpoint-size'],
                                [`${text}more\n`, 'checkpoint-extra'], [`${log.name}\n8\nAAAA\n`, 'checkpoint-root'],
                                [text.replace(log.name, 'other'), 'wrong-origin'],
                                [`${log.name}\n0\n${vectors.checkpoints[1].root}\n`, 'checkpoint-empty'],
                                [text.replace(`\n${v.size}\n`, '\n9223372036854775808\n'), 'checkpoint-size']])
      assert.throws(() => openCheckpoint(resigned(other), trust), code(why), why);
  }
});

test('proof bundles, and what a witness is asked', () => {
  assert.equal(vectors.bundles.length, 2);
  for (const v of vectors.bundles) {
    const bundle = readBundle(v.text);
    assert.deepEqual([bundle.index, toPadded(bundle.extra)], [BigInt(v.index), v.extra]);
    const leaf = leafHash(hex(vectors.leaves[v.index].entry));
    assert.equal(checkBundle(bundle, leaf, trust).size, BigInt(v.size));
    assert.equal(bundleText(bundle), v.text);
    assert.equal(bundleText({...bundle, proof: small.inclusion(v.index, v.size)}), v.text);
    assert.throws(() => checkBundle(bundle, leafHash(utf8('other')), trust), code('not-included'));
    for (const [bad, why] of [[v.text.slice(1), 'bundle-header'], [v.text.replace('index ', 'index 0'), 'bundle-index'],
                              [v.text.replace(/index.*\n/, ''), 'bundle-index'], [v.text.slice(0, v.text.indexOf('\n\n') + 1), 'bundle-cut'],
                              [v.text.replace(/(index.*\n)/, '$1AAAA\n'), 'bad-hash']])
      assert.throws(() => readBundle(bad), code(why), why);
  }
  const request = readWitnessRequest(vectors.request);
  assert.equal(request.old, 3n);
  assert.equal(witnessRequest(request), vectors.request);
  assert.equal(witnessRequest({old: 3, proof: small.consistency(3, 8), note: vectors.checkpoints[1].note}), vectors.request);
});

test("public cases of proofs, most of which must be refused", () => {
  const cases = load('merkle');
  const wrong = (check) => {
    try {
      check();
      return false;
    } catch (error) {
      assert.equal(error.name, 'KeyroomError', error.stack);
      return true;
    }
  };
  assert.ok(cases.inclusion.length >= 40 && cases.consistency.length >= 40);
  for (const v of cases.inclusion)
    assert.equal(wrong(() => checkInclusion(v.leafIdx, v.treeSize, hash(v.leafHash), hashes(v.proof), hash(v.root))), v.wantErr, v.case);
  for (const v of cases.consistency)
    assert.equal(wrong(() => checkConsistency(v.size1, v.size2, hashes(v.proof), hash(v.root1), hash(v.root2))), v.wantErr, v.case);
});
