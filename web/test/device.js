/* Devices for tests: real Olm, and a generator that gives the same each time. */
import {createHash} from 'node:crypto';
import Olm from '@matrix-org/olm';
import {loadOlm, OlmAccount} from '../keyroom/olm/olm.js';

export function seeded(label) {
  let n = 0;
  return (len) => {
    const out = [];
    while (out.length < len)
      out.push(...createHash('sha256').update(`${label} ${n++}`).digest());
    return Uint8Array.from(out.slice(0, len));
  };
}

export const library = await loadOlm(Olm);
export const newDevice = (label) => OlmAccount.create(library, seeded(label));
