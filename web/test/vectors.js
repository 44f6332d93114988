/* The files of tests/vectors, as tests read them. */
import {createPrivateKey, sign as nodeSign, webcrypto} from 'node:crypto';
import {readFileSync} from 'node:fs';

globalThis.crypto ??= webcrypto; /* Node 18 has it under another name */

export function load(name) {
  const text = readFileSync(new URL(`../../tests/vectors/${name}.json`, import.meta.url), 'utf8');
  return JSON.parse(text.replace(/: (\d{16,})\b/g, ': "$1"')); /* too large for a number: a string */
}

export function hex(text) {
  return new Uint8Array(Buffer.from(text, 'hex'));
}

/* Ed25519 by another hand than the one under test. */
export function signWithSeed(seedHex, message) {
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), Buffer.from(seedHex, 'hex')]);
  return new Uint8Array(nodeSign(null, message, createPrivateKey({key: der, format: 'der', type: 'pkcs8'})));
}
