/* The worker that has the frame keys: media frames pass through it, and nothing else of the meeting does.
 *
 * The page answers a call of every second. While it does not, it may have missed that somebody left, so nothing goes out:
 * the bounds of docs/protocol.md 5.12 are kept by a client that runs. */
import {FrameKeys} from '../frame/keys.js';
import {KeyroomError} from '../protocol/err.js';
import {Counts} from './counts.js';
import {opener, sealer} from './pipe.js';

const CALL_MS = 1000, ASLEEP_MS = 5000;

const keys = new FrameKeys(), counts = new Counts();
const streams = new Map(); /* of senders: {came, passed}, frames */
let answered = {mono: performance.now(), wall: Date.now()}, asleep = false;

/* By both clocks: one of them may stand still while the computer sleeps, and the other be set. */
const held = () => performance.now() < answered.mono + ASLEEP_MS && Date.now() < answered.wall + ASLEEP_MS;

setInterval(() => {
  if (!held())
    asleep = true;
  postMessage({op: 'call'});
}, CALL_MS);

function pipe({role, participant, wantKeyFrame, readable, writable, started}) {
  const step = role === 'send' ? sealer(keys, counts, held) : opener(keys, counts, participant, wantKeyFrame);
  const tally = {came: 0, passed: 0};
  if (role === 'send')
    streams.set(started, tally);
  readable.pipeThrough(new TransformStream({
    transform(frame, controller) {
      tally.came++;
      return step(frame, {
        enqueue(sealed) {
          tally.passed++;
          controller.enqueue(sealed);
        },
      });
    },
  })).pipeTo(writable).catch(() => {}); /* the track has ended */
}

/* RTCRtpScriptTransform */
addEventListener('rtctransform', ({transformer}) => {
  const {readable, writable, options} = transformer;
  const wantKeyFrame = () => transformer.sendKeyFrameRequest().catch(() => {});
  pipe({...options, wantKeyFrame, readable, writable});
});

/* One frame that travels by other means than WebRTC. */
async function one({op, call, participant, frame, kind}) {
  try {
    if (op === 'seal') {
      if (!held())
        throw new KeyroomError('asleep');
      const epoch = keys.sending?.epoch, sealed = await keys.seal(frame, kind);
      Counts.add(counts.sealed, epoch);
      postMessage({op: 'done', call, result: sealed});
    } else {
      const result = await keys.open(participant, frame, kind);
      Counts.add(counts.of(participant).opened, result.epoch);
      postMessage({op: 'done', call, result});
    }
  } catch (error) {
    if (!(error instanceof KeyroomError))
      throw error;
    if (op === 'seal')
      Counts.add(counts.unsent, error.code);
    else
      Counts.add(counts.of(participant).refused, error.code);
    if (op === 'open' && error.code === 'no-key')
      Counts.add(counts.of(participant).lacking, error.epoch);
    postMessage({op: 'failed', call, code: error.code});
  }
}

/* What cannot be applied may hide a word to stop behind it. */
function apply(changes) {
  try {
    changes.forEach((change) => keys.apply(change));
  } catch (error) {
    keys.apply({op: 'send', id: null});
    throw error;
  }
}

addEventListener('message', ({data}) => {
  switch (data.op) {
  case 'changes':
    apply(data.changes);
    break;
  case 'awake':
    answered = {mono: performance.now(), wall: Date.now()};
    if (asleep)
      postMessage({op: 'awoke'});
    asleep = false;
    break;
  case 'stream': /* createEncodedStreams, where there is no RTCRtpScriptTransform */
    pipe({...data, wantKeyFrame() {}});
    break;
  case 'counts':
    postMessage({op: 'done', call: data.call, result: counts});
    break;
  case 'passed':
    postMessage({op: 'done', call: data.call, result: streams.get(data.stream) ?? {came: 0, passed: 0}});
    break;
  default:
    one(data);
  }
});
