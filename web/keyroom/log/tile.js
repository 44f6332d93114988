/* Tiles of a log (docs/protocol.md 11.6): where they lie, and the entries in them. Indices are BigInts where they may be large. */
import {concat, u16} from '../protocol/bytes.js';
import {fail} from '../protocol/err.js';

const WIDTH = 256, HEIGHT = 8, LEVEL_MAX = 63, INDEX_MAX = (2n ** 63n - 1n) / 256n, ENTRY_MAX = 65535;

/* {level, entries, index, width}: level means nothing of entries; a width of 256 is a whole tile. */
export function tilePath({level, entries = false, index, width = WIDTH}) {
  const digits = String(index), groups = digits.padStart(Math.ceil(digits.length / 3) * 3, '0').match(/.{3}/g);
  const n = groups.map((group, i) => (i + 1 < groups.length ? `x${group}` : group)).join('/');
  return `tile/${entries ? 'entries' : level}/${n}${width < WIDTH ? `.p/${width}` : ''}`;
}

/* `tile-path` for what is not the one spelling of a path. */
export function readTilePath(path) {
  const [, level, groups, width = String(WIDTH)] = /^tile\/(entries|[0-9]+)\/((?:x[0-9]{3}\/)*[0-9]{3})(?:\.p\/([0-9]+))?$/.exec(path) ?? fail('tile-path');
  const entries = level === 'entries';
  const tile = {level: entries ? 0 : Number(level), entries, index: BigInt(groups.replace(/[x/]/g, '')), width: Number(width)};
  const fits = tile.level <= LEVEL_MAX && tile.index <= INDEX_MAX && tile.width > 0 && tile.width <= WIDTH;
  return fits && tilePath(tile) === path ? tile : fail('tile-path');
}

/* How many hashes the tile has in a tree of that size; 0: there is none. */
export function tileWidth(size, level, index) {
  const hashes = (BigInt(size) >> BigInt(level * HEIGHT)) - BigInt(index) * BigInt(WIDTH);
  return hashes <= 0n ? 0 : hashes < WIDTH ? Number(hashes) : WIDTH;
}

/* `tile-outside` for one that the tree (tree.js) of that size does not have. */
export function tileHashes(tree, size, {level, index, width}) {
  if (width === 0 || width > tileWidth(size, level, index))
    fail('tile-outside');
  return concat(...Array.from({length: width}, (_, i) => tree.node(level * HEIGHT, Number(index) * WIDTH + i)));
}

/* `entry-too-long` */
export function entriesTile(entries) {
  return concat(...entries.flatMap((entry) => (entry.length <= ENTRY_MAX ? [u16(entry.length), entry] : fail('entry-too-long'))));
}

/* `tile-length` */
export function readEntriesTile(bytes, width) {
  const entries = [];
  let at = 0;
  while (entries.length < width && at + 2 <= bytes.length) {
    const len = bytes[at] * 256 + bytes[at + 1];
    entries.push(bytes.slice(at + 2, at + 2 + len));
    at += 2 + len;
  }
  return entries.length === width && at === bytes.length ? entries : fail('tile-length');
}
