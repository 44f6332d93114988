/* Who is in the newest epoch, and whose key is held: what a page shows of it. */
import {OCCUPANTS_MAX} from '../protocol/limit.js';

const TRUST_MAX = 2 * OCCUPANTS_MAX;

export class Members {
  #epochs = new Map(); /* by the client's id: {epoch, participants, held} */
  #byName = new Map();
  #trust = new Map(); /* by participant: {device, trust}; also of those who wait */
  digest = null; /* of the roster */

  list() {
    return [...this.#byName.values()].map((m) => ({...m}));
  }

  get size() {
    return this.#byName.size;
  }

  /* A change for the worker; what it says of a member: {participant, epoch, held}, or null. */
  frame(change) {
    const e = this.#epochs.get(change.id);
    if (change.op === 'epoch')
      this.#epochs.set(change.id, {epoch: change.epoch, participants: change.participants, held: new Set()});
    else if (change.op === 'erase')
      this.#epochs.delete(change.id);
    else if (change.op === 'key') {
      e.held.add(e.participants[change.index]);
      return this.#take(e, e.participants[change.index]);
    }
    return null;
  }

  #take(e, participant) {
    const m = this.#byName.get(participant);
    if (m !== undefined && e.epoch >= m.epoch)
      Object.assign(m, {epoch: e.epoch, held: true});
    return {participant, epoch: e.epoch, held: true};
  }

  /* The announced roster; the changes: {participant, device, owner, present}. */
  roster({epoch, members, roster}) {
    const changes = [];
    this.digest = roster;
    const names = new Set(members.map((m) => m.participant));
    for (const m of this.list().filter((x) => !names.has(x.participant))) {
      this.#byName.delete(m.participant);
      changes.push({participant: m.participant, device: m.device, owner: m.owner, present: false});
    }
    for (const [name, {trust}] of this.#trust)
      if (!names.has(name) && trust !== 'changed') /* that is told once, perhaps while the device waits to be let in */
        this.#trust.delete(name);
    const now = [...this.#epochs.values()].at(-1);
    for (const {participant, device, owner} of members) {
      const before = this.#byName.get(participant);
      this.#byName.set(participant, {participant, device, owner, epoch, held: now?.held.has(participant) ?? false, trust: this.#trustOf(participant, device)});
      if (before?.device !== device)
        changes.push({participant, device, owner, present: true});
    }
    return changes;
  }

  /* What the own person's verifications say of that participant's device: none, verified, changed. */
  trust(participant, device, trust) {
    this.#trust.delete(participant);
    if (trust !== 'none')
      this.#trust.set(participant, {device, trust});
    if (this.#trust.size > TRUST_MAX)
      this.#trust.delete(this.#trust.keys().next().value);
    const m = this.#byName.get(participant);
    if (m?.device === device)
      m.trust = trust;
  }

  #trustOf(participant, device) {
    const known = this.#trust.get(participant);
    return known?.device === device ? known.trust : 'none';
  }

  clear() {
    this.#trust.clear();
    this.digest = null;
    const gone = this.list();
    this.#byName.clear();
    return gone.map(({participant, device, owner}) => ({participant, device, owner, present: false}));
  }
}
