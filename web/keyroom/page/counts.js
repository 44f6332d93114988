/* What became of frames, for who wants to know and for tests. */
export class Counts {
  constructor() {
    this.sealed = {}; /* by epoch number */
    this.unsent = {}; /* frames that did not go out, by reason */
    this.received = {}; /* by participant, then: opened by epoch, refused by reason, lacking by epoch */
    this.micros = {seal: 0, sealed: 0, open: 0, opened: 0};
  }

  of(participant) {
    return (this.received[participant] ??= {opened: {}, refused: {}, lacking: {}});
  }

  static add(counts, name) {
    counts[name] = (counts[name] ?? 0) + 1;
  }
}
