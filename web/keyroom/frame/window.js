/* Which frame counters of one key were seen (docs/protocol.md 5.8): a replayed frame is dropped.
 *
 * A receiver asks before it opens a frame and marks after the tag verified, so a forged counter moves nothing. */
import {fail} from '../protocol/err.js';
import {FRAME_WINDOW} from '../protocol/limit.js';

const SIZE = BigInt(FRAME_WINDOW);

export class ReplayWindow {
  #top = -1n; /* highest counter marked */
  #seen = new Uint8Array(FRAME_WINDOW); /* by counter mod FRAME_WINDOW, for the FRAME_WINDOW counters up to top */

  /* `replay` if the counter (a BigInt) was marked, or is FRAME_WINDOW or more below the highest. */
  check(ctr) {
    if (ctr <= this.#top && (this.#top - ctr >= SIZE || this.#seen[Number(ctr % SIZE)] !== 0))
      fail('replay');
  }

  /* The same, and the counter is marked. */
  mark(ctr) {
    this.check(ctr);
    if (ctr - this.#top >= SIZE) {
      this.#seen.fill(0);
      this.#top = ctr;
    }
    while (this.#top < ctr) {
      this.#top++;
      this.#seen[Number(this.#top % SIZE)] = 0;
    }
    this.#seen[Number(ctr % SIZE)] = 1;
  }
}
