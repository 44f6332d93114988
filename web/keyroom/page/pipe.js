/* Encoded frames of one track through the keys of the meeting: what has no key is dropped and counted, never passed. */
import {KeyroomError} from '../protocol/err.js';
import {Counts} from './counts.js';

const KEY_FRAME_MS = 500; /* between two requests for a picture to start from */

/* An encoded video frame has a type, an audio frame none. */
function kindOf(frame) {
  return frame.type === 'key' || frame.type === 'delta' ? frame.type : 'audio';
}

function codeOf(error) {
  return error instanceof KeyroomError ? error.code : 'crypto';
}

/* transform(frame, controller) for a TransformStream of a sender. held(): may anything go out? */
export function sealer(keys, counts, held) {
  return async (frame, controller) => {
    const from = performance.now();
    try {
      if (!held())
        throw new KeyroomError('asleep');
      const epoch = keys.sending?.epoch;
      const sealed = await keys.seal(new Uint8Array(frame.data), kindOf(frame));
      frame.data = sealed.buffer;
      controller.enqueue(frame);
      Counts.add(counts.sealed, epoch);
      counts.micros.seal += (performance.now() - from) * 1000;
      counts.micros.sealed++;
    } catch (error) {
      Counts.add(counts.unsent, codeOf(error));
    }
  };
}

/* The same for a receiver of a track of `participant`. wantKeyFrame(): asks the sender for one, after a gap. */
export function opener(keys, counts, participant, wantKeyFrame) {
  const mine = counts.of(participant);
  let broken = false, asked = -Infinity;
  return async (frame, controller) => {
    const from = performance.now(), kind = kindOf(frame);
    try {
      const {plain, epoch} = await keys.open(participant, new Uint8Array(frame.data), kind);
      frame.data = plain.buffer;
      controller.enqueue(frame);
      Counts.add(mine.opened, epoch);
      counts.micros.open += (performance.now() - from) * 1000;
      counts.micros.opened++;
    } catch (error) {
      Counts.add(mine.refused, codeOf(error));
      if (error.code === 'no-key')
        Counts.add(mine.lacking, error.epoch);
      broken ||= kind !== 'audio';
      return;
    }
    if (kind === 'key')
      broken = false;
    if (broken && from > asked + KEY_FRAME_MS) {
      asked = from;
      wantKeyFrame();
    }
  };
}
