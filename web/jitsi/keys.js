/* From the client's changes to E2EEContext.setKey(participantId, bytes, index) of lib-jitsi-meet.
 *
 * Theirs is a ring of 16 keys for each participant; a key for the own id is sealed with at once. So the keys of others go there
 * when they come, and the own one when the client says so, which is after all who must hear it have it. What their worker does
 * with a frame that it has no key for has changed over time (it was: send it in clear); so the own id always has one: where
 * nothing may be sent, a key that nobody else has. */
const RING = 16;

export class JitsiKeys {
  #context;
  #own; /* the own participant id */
  #random;
  #epochs = new Map(); /* by the client's id: {index, participants, me, held} */

  constructor(context, own, random) {
    this.#context = context;
    this.#own = own;
    this.#random = random;
    this.silence();
  }

  /* What is sealed from now on nobody opens. The index is one that no receiver holds a key of, so that none tries to ratchet
   * towards it: they hold the last four. */
  silence() {
    const newest = [...this.#epochs.values()].at(-1)?.index ?? 0;
    this.#context.setKey(this.#own, this.#random(32), (newest + RING / 2) % RING);
  }

  apply(change) {
    const e = this.#epochs.get(change.id);
    switch (change.op) {
    case 'epoch':
      this.#epochs.set(change.id, {
        index: change.epoch % RING, participants: change.participants, me: change.me, held: new Map(),
      });
      break;
    case 'key':
      e.held.set(change.index, change.baseKey.slice());
      change.baseKey.fill(0);
      if (change.index !== e.me)
        this.#give(e, change.index);
      break;
    case 'send':
      if (change.id === null)
        this.silence();
      else
        this.#give(e, e.me);
      break;
    case 'erase':
      this.#epochs.delete(change.id);
      this.#forget(e);
      break;
    }
  }

  #give(e, at) {
    this.#context.setKey(e.participants[at], e.held.get(at).slice(), e.index);
  }

  /* Their ring also takes the index that was set last for the one to ratchet from: the newest key is set once more. An own key
   * stays until it is overwritten; without one their worker might send in clear. */
  #forget(e) {
    for (const [at, key] of e.held) {
      key.fill(0);
      const who = e.participants[at];
      if (at === e.me)
        continue;
      const reused = [...this.#epochs.values()].some((x) => x.index === e.index && x.held.has(x.participants.indexOf(who)));
      if (!reused)
        this.#context.setKey(who, false, e.index);
      const newest = [...this.#epochs.values()].filter((x) => x.held.has(x.participants.indexOf(who))).at(-1);
      if (newest !== undefined)
        this.#give(newest, newest.participants.indexOf(who));
    }
  }
}
