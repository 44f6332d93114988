/* Tracks of a page through the worker. A transform must be there in the same turn as its sender or receiver: one that comes
 * later is ignored by browsers, and what should be sealed goes out in clear. So senders are made here, and watched: one from
 * which more goes out than the worker let pass is cut off. */
import {fail} from '../protocol/err.js';

const WATCH_MS = 100, ANSWER_MS = 2000, STATS_MS = 10000;
const CLOSED_LOOKS = 100; /* a sender that is bundled leaves its own transport, closed, for the shared one */
/* Other pictures do not survive that little of a frame is clear; digits (telephone-event) pass no transform. */
const GOOD_CODECS = {audio: /\/(opus|red)$/i, video: /\/(vp8|vp9|rtx|red|ulpfec)$/i};

const scriptTransform = () => globalThis.RTCRtpScriptTransform;

/* For `new RTCPeerConnection(peerConfig(…))`: older browsers want to be told that frames will be touched. */
export function peerConfig(config = {}) {
  return scriptTransform() ? config : {...config, encodedInsertableStreams: true};
}

function onlyGoodCodecs(transceiver, kind) {
  const all = RTCRtpReceiver.getCapabilities(kind).codecs;
  transceiver.setCodecPreferences?.(all.filter((c) => GOOD_CODECS[kind].test(c.mimeType)));
}

/* Nothing more goes out of it: a track that cannot be taken from it ends. */
async function silence(sender) {
  const {track} = sender;
  await sender.replaceTrack(null).catch(() => track?.stop());
}

/* What comes of it in that time, or `otherwise`. */
function within(ms, promise, otherwise) {
  let timer;
  const late = new Promise((resolve) => { timer = setTimeout(resolve, ms, otherwise); });
  return Promise.race([promise.catch(() => otherwise), late]).finally(() => clearTimeout(timer));
}

/* How much has gone out of it, in the unit of the worker's count or a larger one: sound has a packet for each frame, of a picture
 * not one packet goes out without a frame. What cannot be looked at may be anything. */
async function sentOf(sender) {
  const stats = await within(STATS_MS, sender.getStats(), null);
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
  #watched = new Map(); /* by sender: {stream, transform, timer, came, good, closed: looks in a row, cut, quiet} */

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
    const before = this.#watched.get(sender);
    if (before !== undefined && !before.cut && sender.transform === before.transform)
      return;
    const watched = before ?? this.#watch(sender);
    if (sender.transport !== null || sender.transform) {
      this.#cut(sender, watched);
      fail('bad-state');
    }
    try {
      Object.assign(watched, this.#attach(sender, {role: 'send'}));
    } catch (error) {
      this.#silence(sender, watched);
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
    try {
      this.#attach(receiver, {role: 'receive', participant});
    } catch (error) {
      receiver.track.stop(); /* what is not opened is not played: it may be of anybody */
      throw error;
    }
  }

  #watch(sender) {
    const watched = {came: false, good: false, closed: 0, cut: false, quiet: false};
    this.#watched.set(sender, watched);
    this.#lookSoon(sender, watched);
    return watched;
  }

  /* One look after the other, however long one takes. */
  #lookSoon(sender, watched) {
    watched.timer = setTimeout(async () => {
      const leaks = await this.#leaks(sender, watched).catch(() => true);
      if (this.#watched.get(sender) !== watched)
        return;
      watched.closed = sender.transport?.state === 'closed' ? watched.closed + 1 : 0;
      if (watched.closed >= CLOSED_LOOKS) {
        this.#watched.delete(sender);
        return;
      }
      if (leaks && watched.closed === 0)
        this.#cut(sender, watched);
      this.#lookSoon(sender, watched);
    }, WATCH_MS);
  }

  /* Browsers decide once for a sender: the next track would go out in clear as well. So it stays watched. */
  #cut(sender, watched) {
    this.#silence(sender, watched);
    this.#warn('not-encrypted');
  }

  #silence(sender, watched) {
    Object.assign(watched, {cut: true, quiet: false});
    silence(sender).then(() => { watched.quiet = true; });
  }

  /* The worker's count is taken after what it is compared with, so however loaded the machine is, it is not the smaller one of a
   * sender whose frames all pass there. From a first frame there on, all of them do, as long as the transform stays. */
  async #leaks(sender, watched) {
    const {stream, transform, cut, quiet} = watched;
    if (cut)
      return quiet && sender.track !== null && sender.track.readyState !== 'ended';
    if (transform !== undefined && sender.transform !== transform)
      return true;
    if (watched.good)
      return false;
    const sent = await sentOf(sender);
    const {came, passed} = await this.#ask(stream);
    if (!(sent <= passed))
      return true;
    watched.good = watched.came; /* a frame had come there before we counted what went out */
    watched.came = came > 0;
    return false;
  }

  /* A worker that does not answer has let nothing pass. */
  #ask(stream) {
    return within(ANSWER_MS, this.#passed(stream), {came: 0, passed: 0});
  }

  /* Nobody looks any more: what is not known to be good ends. */
  close() {
    for (const [sender, {timer, good, cut}] of this.#watched) {
      clearTimeout(timer);
      if (!good && !cut)
        silence(sender);
    }
    this.#watched.clear();
  }
}
