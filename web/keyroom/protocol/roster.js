/* Rosters: who an epoch is for (docs/protocol.md section 4). */
import {compare, concat, fromBase64, fromHex, lp} from './bytes.js';
import {fail} from './err.js';
import {digest} from './hash.js';
import {OCCUPANTS_MAX} from './limit.js';

export function rosterLine({participant, owner, ed25519, curve25519, attach}) {
  return concat(lp(participant), lp(owner), lp(fromBase64(ed25519, 32)), lp(fromBase64(curve25519, 32)),
                lp(fromHex(attach)));
}

/* Fixed once made. members: {participant, owner, ed25519, curve25519, attach, isNew} in any order. `roster-mismatch`
 * for a doubled attach id or participant, `too-large` above 4096 lines. */
export class Roster {
  constructor(members) {
    if (members.length > OCCUPANTS_MAX)
      fail('too-large');
    this.entries = members.map((m) => ({
      participant: m.participant, owner: m.owner, ed25519: m.ed25519, curve25519: m.curve25519, attach: m.attach,
      isNew: Boolean(m.isNew), joinersBefore: 0, line: rosterLine(m),
    }));
    this.entries.sort((a, b) => compare(a.line, b.line));
    this.byAttach = new Map();
    this.byParticipant = new Map();
    this.joinerCount = 0;
    this.entries.forEach((entry, i) => {
      if (this.byAttach.has(entry.attach) || this.byParticipant.has(entry.participant))
        fail('roster-mismatch');
      this.byAttach.set(entry.attach, i);
      this.byParticipant.set(entry.participant, i);
      entry.joinersBefore = this.joinerCount;
      this.joinerCount += entry.isNew ? 1 : 0;
    });
    this.digest = digest(concat(lp('keyroom:1:roster'), ...this.entries.map((entry) => lp(entry.line))));
  }

  get length() {
    return this.entries.length;
  }

  /* The index of an attach or a participant, or -1. */
  find(attach) {
    return this.byAttach.get(attach) ?? -1;
  }

  findParticipant(participant) {
    return this.byParticipant.get(participant) ?? -1;
  }

  line(index) {
    return this.entries[index].line;
  }
}
