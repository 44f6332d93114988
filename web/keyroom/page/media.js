/* Tracks of a page through the worker. A transform must be there in the same turn as its sender or receiver: one that comes
 * later is ignored by browsers, and what should be sealed goes out in clear. So senders are made here, and watched: one from
 * which more goes out than the worker let pass is cut off. */
import {fail} from '../protocol/err.js';

const WATCH_MS = 100, ANSWER_MS = 2000;
const CLOSED_LOOKS = 100; /* a sender that is bundled leaves its own transport, closed, for the shared one */
const GOOD_CODECS = ['video/VP8', 'video/VP9']; /* others do not survive that little of a frame is clear */

const scriptTransform = () => globalThis.RTCRtpScriptTransform;

/* For `new RTCPeerConnection(peerConfig(…))`: older browsers want to be told that frames will be touched. */
export function peerConfig(config = {}) {
  return scriptTransform() ? config : {...config, encodedInsertableStreams: true};
}

function onlyGoodCodecs(transceiver, kind) {
  if (kind !== 'video' || transceiver.setCodecPreferences === undefined)
    return;
  const all = RTCRtpReceiver.getCapabilities('video').codecs;
  transceiver.setCodecPreferences(all.filter((c) => GOOD_CODECS.includes(c.mimeType) || /\/(rtx|red|ulpfec)$/.test(c.mimeType)));
}

/* Nothing more goes out of it: a track that cannot be taken from it ends. */
function silence(sender) {
  const {track} = sender;
  sender.replaceTrack(null).catch(() => track?.stop());
}

/* How much has gone out of it, in the unit of the worker's count or a larger one: sound has a packet for each frame, of a picture
 * not one packet goes out without a frame. What cannot be looked at may be anything. */
async function sentOf(sender) {
  const stats = await sender.getStats().catch(() => null);
  if (stats === null)
    return Infinity;
  let sent = 0;
  for (const [, s] of stats)
    if (s.type === 'outbound-rtp')
      sent += s.kind === 'audio' ? s.packetsSent - (s.retransmittedPacketsSent ?? 0) : Math.min(1, s.packetsSent);
  return sent;
}

export class Media {
  #worker;
  #warn;
  #passed;
  #streams = 0;
  #watched = new Map(); /* by stream: {sender, transform, timer, came, good, closed: looks in a row} */

  /* passed(stream): the worker's {came, passed} of it, frames that came there and that it let go on. */
  constructor(worker, {warn, passed}) {
    this.#worker = worker;
    this.#warn = warn;
    this.#passed = passed;
  }

  /* {stream, transform}: undefined where the browser has none of those. */
  #attach(end, options) {
    const stream = ++this.#streams;
    if (scriptTransform()) {
      end.transform = new RTCRtpScriptTransform(this.#worker, {...options, started: stream});
      return {stream, transform: end.transform};
    }
    if (typeof end.createEncodedStreams !== 'function')
      fail('no-transform');
    const {readable, writable} = end.createEncodedStreams();
    this.#worker.postMessage({op: 'stream', ...options, started: stream, readable, writable}, [readable, writable]);
    return {stream};
  }

  /* Adds a track to send; its transceiver, whose sender takes other tracks by replaceTrack. */
  send(connection, track, init = {}) {
    const transceiver = connection.addTransceiver(track.kind, {direction: 'sendonly', ...init});
    this.protect(transceiver.sender);
    onlyGoodCodecs(transceiver, track.kind);
    transceiver.sender.replaceTrack(track);
    return transceiver;
  }

  /* A sender that was made in this very turn. `bad-state` for one that has been negotiated: it has sent in clear by now, and
   * is cut off, as is one whose frames cannot be had. */
  protect(sender) {
    if (sender.transport !== null || sender.transform) {
      this.#warn('not-encrypted');
      silence(sender);
      fail('bad-state');
    }
    try {
      this.#watch(sender, this.#attach(sender, {role: 'send'}));
    } catch (error) {
      silence(sender);
      throw error;
    }
  }

  /* A place for a track of that participant; its transceiver. */
  receive(connection, kind, participant) {
    const transceiver = connection.addTransceiver(kind, {direction: 'recvonly'});
    this.open(transceiver.receiver, participant);
    onlyGoodCodecs(transceiver, kind);
    return transceiver;
  }

  /* A receiver that was made in this very turn: also in `ontrack`. What comes before this is noise, not sound. */
  open(receiver, participant) {
    this.#attach(receiver, {role: 'receive', participant});
  }

  #watch(sender, {stream, transform}) {
    const watched = {sender, transform, came: false, good: false, closed: 0};
    this.#watched.set(stream, watched);
    this.#lookSoon(stream, watched);
  }

  /* One look after the other, however long one takes. */
  #lookSoon(stream, watched) {
    watched.timer = setTimeout(async () => {
      const leaks = await this.#leaks(stream, watched).catch(() => true);
      if (!this.#watched.has(stream))
        return;
      watched.closed = watched.sender.transport?.state === 'closed' ? watched.closed + 1 : 0;
      if (watched.closed >= CLOSED_LOOKS)
        this.#forget(stream);
      else if (leaks && watched.closed === 0)
        this.#cut(stream, watched);
      else
        this.#lookSoon(stream, watched);
    }, WATCH_MS);
  }

  #cut(stream, {sender}) {
    this.#forget(stream);
    this.#warn('not-encrypted');
    silence(sender);
  }

  /* The worker's count is taken after what it is compared with, so however loaded the machine is, it is not the smaller one of a
   * sender whose frames all pass there. From a first frame there on, all of them do, as long as the transform stays. */
  async #leaks(stream, watched) {
    const {sender, transform} = watched;
    if (transform !== undefined && sender.transform !== transform)
      return true;
    if (watched.good)
      return false;
    const sent = await sentOf(sender);
    const {came, passed} = await this.#ask(stream);
    if (sent > passed)
      return true;
    watched.good = watched.came; /* a frame had come there before we counted what went out */
    watched.came = came > 0;
    return false;
  }

  /* A worker that does not answer has let nothing pass. */
  #ask(stream) {
    const none = {came: 0, passed: 0};
    return Promise.race([
      this.#passed(stream).catch(() => none), new Promise((resolve) => setTimeout(resolve, ANSWER_MS, none)),
    ]);
  }

  #forget(stream) {
    clearTimeout(this.#watched.get(stream)?.timer);
    this.#watched.delete(stream);
  }

  close() {
    for (const stream of [...this.#watched.keys()])
      this.#forget(stream);
  }
}
