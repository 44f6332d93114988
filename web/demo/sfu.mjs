/* A small forwarding unit for demo and tests: RTP from each publisher to each subscriber, without decoding. What passes here
 * is what a video bridge sees. Signalling is by the page's HTTP requests (server.mjs). */
import {MediaStreamTrack, RTCPeerConnection, useOPUS, useVP8} from 'werift';

const TAPPED_MAX = 400; /* payloads of each track that a test may look at */

const config = () => ({
  codecs: {
    audio: [useOPUS()],
    video: [useVP8({rtcpFeedback: [{type: 'nack'}, {type: 'nack', parameter: 'pli'}, {type: 'goog-remb'}]})],
  },
  iceServers: [], iceUseIpv6: false, iceAdditionalHostAddresses: ['127.0.0.1'],
});

/* A browser that has never measured this line starts with a picture of stamps. */
function withBandwidth(sdp) {
  const vp8 = /a=rtpmap:(\d+) VP8\/90000\r\n/.exec(sdp);
  return vp8 === null ? sdp : sdp.replace(
    vp8[0], `${vp8[0]}a=fmtp:${vp8[1]} x-google-min-bitrate=1500;x-google-start-bitrate=1500\r\n`);
}

class Publisher {
  constructor(room, name, onGone) {
    this.room = room;
    this.name = name;
    this.outputs = {audio: new Set(), video: new Set()};
    this.receivers = {};
    this.tapped = {audio: [], video: []};
    this.pc = new RTCPeerConnection(config());
    this.pc.onTrack.subscribe((track) => this.#take(track));
    this.pc.connectionStateChange.subscribe((state) => {
      if (['failed', 'closed'].includes(state))
        onGone(this);
    });
  }

  async answer(sdp) {
    await this.pc.setRemoteDescription({type: 'offer', sdp});
    await this.pc.setLocalDescription(await this.pc.createAnswer());
    return withBandwidth(this.pc.localDescription.sdp);
  }

  #take(track) {
    const {kind} = track;
    this.receivers[kind] = {receiver: this.pc.getTransceivers().find((t) => t.receiver.tracks.includes(track))?.receiver, track};
    track.onReceiveRtp.subscribe((rtp) => {
      const tapped = this.tapped[kind];
      tapped.push({payload: Buffer.from(rtp.payload), marker: rtp.header.marker});
      if (tapped.length > TAPPED_MAX)
        tapped.shift();
      for (const output of this.outputs[kind]) {
        const copy = rtp.clone();
        copy.header.extensions = [];
        copy.header.extension = false;
        output.writeRtp(copy);
      }
    });
    this.wantPicture();
  }

  wantPicture() {
    const video = this.receivers.video;
    if (video?.track.ssrc !== undefined)
      video.receiver?.sendRtcpPLI(video.track.ssrc).catch(() => {});
  }
}

export class Sfu {
  #rooms = new Map(); /* room: Map of name: Publisher */
  #subscriptions = new Set();
  #listeners = new Set();

  #room(room) {
    if (!this.#rooms.has(room))
      this.#rooms.set(room, new Map());
    return this.#rooms.get(room);
  }

  names(room) {
    return [...this.#room(room).keys()];
  }

  /* told(names) now, and whenever somebody comes or goes. Returns what ends it. */
  watch(room, told) {
    const listener = (changed) => changed === room && told(this.names(room));
    this.#listeners.add(listener);
    told(this.names(room));
    return () => this.#listeners.delete(listener);
  }

  #changed(room) {
    for (const listener of this.#listeners)
      listener(room);
  }

  async publish(room, name, sdp) {
    this.leave(room, name);
    const publisher = new Publisher(room, name, (gone) => this.#gone(gone));
    this.#room(room).set(name, publisher);
    const answer = await publisher.answer(sdp);
    this.#changed(room);
    return answer;
  }

  /* null: nobody of that name publishes. */
  async subscribe(room, name, sdp) {
    const publisher = this.#room(room).get(name);
    if (publisher === undefined)
      return null;
    const pc = new RTCPeerConnection(config());
    await pc.setRemoteDescription({type: 'offer', sdp});
    const outputs = [];
    for (const transceiver of pc.getTransceivers()) {
      const output = new MediaStreamTrack({kind: transceiver.kind});
      transceiver.setDirection('sendonly');
      await transceiver.sender.replaceTrack(output);
      transceiver.sender.onPictureLossIndication.subscribe(() => publisher.wantPicture());
      outputs.push([transceiver.kind, output]);
    }
    const subscription = {publisher, pc, end: () => outputs.forEach(([kind, output]) => publisher.outputs[kind].delete(output))};
    this.#subscriptions.add(subscription);
    pc.connectionStateChange.subscribe((state) => {
      if (state === 'connected') {
        outputs.forEach(([kind, output]) => publisher.outputs[kind].add(output));
        publisher.wantPicture();
      } else if (['failed', 'closed'].includes(state)) {
        this.#end(subscription);
      }
    });
    await pc.setLocalDescription(await pc.createAnswer());
    return pc.localDescription.sdp;
  }

  #end(subscription) {
    if (!this.#subscriptions.delete(subscription))
      return;
    subscription.end();
    subscription.pc.close().catch(() => {});
  }

  #gone(publisher) {
    const room = this.#room(publisher.room);
    for (const subscription of [...this.#subscriptions].filter((s) => s.publisher === publisher))
      this.#end(subscription);
    publisher.pc.close().catch(() => {});
    if (room.get(publisher.name) !== publisher)
      return;
    room.delete(publisher.name);
    this.#changed(publisher.room);
  }

  leave(room, name) {
    const publisher = this.#room(room).get(name);
    if (publisher !== undefined)
      this.#gone(publisher);
  }

  /* What came of it, newest last: {payload, marker}. Of a test; null: nobody of that name. */
  tapped(room, name, kind) {
    return this.#room(room).get(name)?.tapped[kind] ?? null;
  }
}
